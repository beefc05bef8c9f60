import { readFileSync } from "node:fs";

/** The largest resident set of this process so far, bytes; of itself alone, unlike `maxRSS`, which also tells that of the parent. Linux only. */
export function peakMemory(): number {
  const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return 1024 * Number(kibibytes);
}
