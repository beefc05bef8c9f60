import { spawnSync } from "node:child_process";
import process from "node:process";

/** What a process has in memory, bytes. */
export interface Resident {
  /** All of it: the resident set. */
  readonly all: number;
  /**
   * Without files that are only read. Those are the code of the runtime, of which ever more gets used the longer a program runs; buffers that
   * are mapped files are written, and count.
   */
  readonly own: number;
}

/** What this process has in memory now. */
function resident(): Resident {
  // Deno lets no program read that which lacks any permission, such as that for FFI.
  const { stdout, status } = spawnSync("cat", [`/proc/${process.pid}/smaps`], { encoding: "utf8" });
  if (status !== 0) throw new Error("Cannot measure: the memory map of the process cannot be read");
  let all = 0;
  let own = 0;
  let isOwn = true;
  for (const line of stdout.split("\n")) {
    const [, access, path] = /^[0-9a-f]+-[0-9a-f]+ (\S+) \S+ \S+ \S+ *(.*)$/.exec(line) ?? [];
    if (access !== undefined) isOwn = access[1] === "w" || !path!.startsWith("/");
    const [, kilobytes] = /^Rss: +(\d+) kB$/.exec(line) ?? [];
    if (kilobytes === undefined) continue;
    all += Number(kilobytes) * 1024;
    if (isOwn) own += Number(kilobytes) * 1024;
  }
  return { all, own };
}

/** Bun's collector, or V8's as `--expose-gc` shows it. */
const { Bun, gc } = globalThis as unknown as { Bun?: { gc(synchronous: boolean): void }; gc?(): void };

/** Collects garbage, all there is. */
export function collect(): void {
  if (Bun !== undefined) Bun.gc(true);
  else if (gc !== undefined) gc();
  else throw new Error("Cannot measure: there is no way to collect garbage");
}

const READINGS = 6;

/** How long allocators are given to return to the system what was collected, ms: Bun's does that in the background. */
const RETURN_TIME = 100;

/**
 * The memory that the process cannot do without: the least of several readings, since what a runtime has not yet given back only ever adds to
 * it. `live` is what the program does between two readings.
 */
export async function leastResident(live: () => Promise<void>): Promise<Resident> {
  let [all, own] = [Infinity, Infinity];
  for (let i = 0; i < READINGS; i++) {
    await live();
    collect();
    await new Promise((resolve) => setTimeout(resolve, RETURN_TIME));
    collect();
    const now = resident();
    all = Math.min(all, now.all);
    own = Math.min(own, now.own);
  }
  return { all, own };
}
