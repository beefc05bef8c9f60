import { cannotTrace } from "../../../tests/support/process/system_tools.ts";
import { type Figure, spread } from "../../results/figure.ts";
import { recordUnder } from "./counted.ts";

const ROUNDS = 2;
const MILLION = 1_000_000;

/** Millions of samples of the two programs whose difference counts, which cancels start and end. */
const FEW = 1;
const MANY = 3;

/** System calls on files by purpose; the runtimes use different ones. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  "write": ["write", "writev", "pwrite64", "pwritev", "pwritev2"],
  "open": ["open", "openat", "openat2", "creat"],
  "close": ["close"],
  "rename, link, unlink": ["rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat"],
  "stat": ["stat", "lstat", "fstat", "newfstatat", "statx", "access", "faccessat", "faccessat2"],
  "mkdir": ["mkdir", "mkdirat"],
  "fsync": ["fsync", "fdatasync", "syncfs", "sync_file_range"],
};
const OTHER = "all others, the runtime's own among them";

/** Number of calls of each kind, from `strace -c`: two columns, name and count. */
function countsOf(summary: string): Record<string, number> {
  const counts: Record<string, number> = Object.fromEntries([...Object.keys(KINDS), OTHER].map((kind) => [kind, 0]));
  for (const [, name = "", count = ""] of summary.matchAll(/^([a-z]\w*)\s+(\d+)$/gm)) {
    if (name === "total") continue;
    const kind = Object.keys(KINDS).find((kind) => KINDS[kind]!.includes(name)) ?? OTHER;
    counts[kind]! += Number(count);
  }
  return counts;
}

async function counted(samples: number): Promise<Record<string, number>> {
  // All threads: a runtime may write on another one.
  const strace = (log: string) => ["strace", "-f", "-qq", "-c", "-U", "name,calls", "-o", log];
  return countsOf(await recordUnder(strace, samples));
}

/**
 * System calls per million samples. Without strace there are none, and a line on stderr says so.
 */
export async function systemCalls(): Promise<Figure[]> {
  const reason = cannotTrace();
  if (reason !== false) {
    console.error(`SYSTEM CALLS WERE NOT COUNTED: ${reason}`);
    return [];
  }
  await counted(1); // Fills the caches that the runtime keeps about the program.
  const rounds: Record<string, number>[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const few = await counted(FEW * MILLION);
    const many = await counted(MANY * MILLION);
    const perMillion = Object.keys(few).map((kind) => [kind, (many[kind]! - few[kind]!) / (MANY - FEW)] as const);
    const writes = Object.fromEntries(perMillion)["write"]!;
    if (!(writes > 0)) throw new Error(`Cannot count: ${writes} writes per million samples`);
    rounds.push(Object.fromEntries(perMillion));
  }
  return [...Object.keys(KINDS), OTHER].map((kind) => ({
    what: `system calls per million samples: ${kind}`,
    unit: "",
    value: spread(rounds.map((round) => round[kind]!)),
  }));
}
