import { readdirSync, readFileSync } from "node:fs";
import { NANOSECONDS_PER_MS } from "../../src/series.ts";

/** CPU time that all threads of a process have taken, ms. From the kernel's scheduler: Linux only. */
export function cpuTimeOf(pid: number | undefined): number {
  const tasks = `/proc/${pid}/task`;
  const times = readdirSync(tasks).map((task) =>
    Number(readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ")[0])
  );
  return times.reduce((sum, time) => sum + time, 0) / NANOSECONDS_PER_MS;
}
