import type { Layout } from "../../../src/files/names.ts";
import { MemoryDisk } from "../fake/memory_disk.ts";
import { KilledProgram } from "./killed_program.ts";
import { chop } from "./recover_all.ts";
import { RecordedRows } from "./recorded_rows.ts";

/** What programs left that died: rows in the spools, and a flush that was interrupted. */
export interface Dead {
  readonly disk: MemoryDisk;
  readonly rows: RecordedRows;
}

/** Kills a program, of a layout, before the `nth` operation of a kind on a path that ends so. */
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
  if (dead === undefined) throw new Error(`there is no ${operation} ${end} ${nth}`);
  dead.disk.writeLimit = Infinity;
  return dead;
}

/** A program that was killed with so many rows in each of its two spools, and nothing else. */
export function killedWith(count: number, layout: Layout = "segments", pid?: number, disk = new MemoryDisk()): Dead {
  const rows = new RecordedRows();
  new KilledProgram(disk, rows, { layout, durability: "spool" }, pid).record(count);
  return { disk: disk.clone(), rows };
}

/** Programs that were killed, by when. */
export const DEAD: Readonly<Record<string, () => Dead>> = {
  "before it could flush": () => killedWith(20),
  "before it could append": () => killedWith(20, "append"),
  "as it made a spool": () => killAt("segments", "rename", "custom.42-00000001.2.spool.tmp"),
  "as it wrote a file": () => killAt("segments", "write", "custom.42-00000001-000002.csv.tmp", 2),
  "before it renamed a file": () => killAt("segments", "rename", "custom.42-00000001-000002.csv.tmp"),
  "as it made the file to append to": () => killAt("append", "link", "000001-0.tmp", 2),
  "as it appended": () => killAt("append", "write", "/custom.csv", 2),
  "as it appended once more": () => killAt("append", "write", "/custom.csv", 5),
};
