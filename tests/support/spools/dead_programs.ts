import type { Layout } from "../../../src/files/names.ts";
import { MemoryDisk } from "../fake/memory_disk.ts";
import { KilledProgram } from "./killed_program.ts";
import { chop } from "./recover_all.ts";
import { RecordedRows } from "./recorded_rows.ts";

/** A disk with the spools of killed programs, and all rows that those recorded. */
export interface Dead {
  readonly disk: MemoryDisk;
  readonly rows: RecordedRows;
}

/** Kills a program before its `nth` operation of a kind on a path that ends with `end`. */
export function killAt(layout: Layout, operation: string, end: string, nth = 1): Dead {
  const disk = new MemoryDisk();
  const rows = new RecordedRows();
  let left = nth;
  let dead: Dead | undefined;
  chop(disk, (kind, path) => {
    if (kind !== operation || !path.endsWith(end) || --left !== 0) return;
    dead = { disk: disk.clone(), rows: rows.clone() };
  });
  const program = new KilledProgram(disk, rows, { layout, durability: "spool" });
  program.record(12);
  program.channels.flushNow(false);
  program.record(14);
  program.channels.flushNow(false);
  if (dead === undefined) throw new Error(`no ${nth}th ${operation} of ${end}`);
  dead.disk.writeLimit = Infinity;
  return dead;
}

/** Kills a program with `count` rows in each of its two spools, and no files. */
export function killedWith(count: number, layout: Layout = "segments", pid?: number, disk = new MemoryDisk()): Dead {
  const rows = new RecordedRows();
  new KilledProgram(disk, rows, { layout, durability: "spool" }, pid).record(count);
  return { disk: disk.clone(), rows };
}

/** Killed programs, by the moment of the kill. */
export const DEAD: Readonly<Record<string, () => Dead>> = {
  "before it could flush": () => killedWith(20),
  "before it could append": () => killedWith(20, "append"),
  "while it created a spool": () => killAt("segments", "rename", "custom.42-00000001.2.spool.tmp"),
  "while it wrote a file": () => killAt("segments", "write", "custom.42-00000001-000002.csv.tmp", 2),
  "before it renamed a file": () => killAt("segments", "rename", "custom.42-00000001-000002.csv.tmp"),
  "while it created the file to append to": () => killAt("append", "link", "000001-0.tmp", 2),
  "while it appended": () => killAt("append", "write", "/custom.csv", 2),
  "while it appended once more": () => killAt("append", "write", "/custom.csv", 5),
};
