import { spawnSync } from "node:child_process";
import process from "node:process";

/** Memory of a process, bytes. */
export interface Resident {
  /** The resident set. */
  readonly all: number;
  /**
   * The resident set without files that are only read: the code of the runtime, of which a program
   * uses more the longer it runs. Buffers in mapped files are written, and count.
   */
  readonly own: number;
}

/** Memory of this process. */
function resident(): Resident {
  // Deno lets only a program with all permissions, including FFI, read that.
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

/** Bun's garbage collector, or V8's with `--expose-gc`. */
const { Bun, gc } = globalThis as unknown as { Bun?: { gc(synchronous: boolean): void }; gc?(): void };

/** Collects all garbage. */
export function collect(): void {
  if (Bun !== undefined) Bun.gc(true);
  else if (gc !== undefined) gc();
  else throw new Error("Cannot measure: there is no way to collect garbage");
}

const READINGS = 6;

/**
 * Time for allocators to return collected memory to the system, ms: that of Bun does so in the
 * background.
 */
const RETURN_TIME = 100;

/**
 * The lowest of several readings of the memory: memory that a runtime has not yet released only
 * adds to it. `live` is the work of the program between two readings.
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
