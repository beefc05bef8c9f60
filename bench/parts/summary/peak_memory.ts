import { readFileSync } from "node:fs";

/**
 * Peak resident set of this process, bytes; unlike `maxRSS` without that of its parent. Linux only.
 */
export function peakMemory(): number {
  const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return 1024 * Number(kibibytes);
}
