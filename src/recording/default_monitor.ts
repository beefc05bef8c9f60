import type { RecoverySummary } from "../files/recovery.ts";
import { defaultRuntime } from "../default_runtime.ts";
import { Monitor } from "./monitor.ts";
import { readSpoolWith, type RecoverOptions, recoverWith, type SpoolReading } from "./recover.ts";

/** The monitor of this isolate. */
export const defaultMonitor: Monitor = new Monitor(defaultRuntime);

/**
 * Publishes what programs that died left in the spools of a monitoring directory, as the next `start` there would do beside the program.
 * Running programs are left alone, and it may be interrupted at any time: each row is published once.
 *
 * @throws {KymoError} if the directory cannot be read. What goes wrong with a spool is told in the summary.
 * @throws {KymoError} if an option is wrong.
 *
 * @example
 * ```ts
 * import { recover } from "@kymo/kymo";
 * import { assertEquals } from "@std/assert";
 * import { mkdirSync, rmSync } from "node:fs";
 *
 * mkdirSync("_recovered");
 * const { spools, rows, damaged, alive, failures } = await recover("_recovered");
 * assertEquals({ spools, rows, damaged, alive, failures }, { spools: 0, rows: 0, damaged: 0, alive: 0, failures: [] });
 * rmSync("_recovered", { recursive: true });
 * ```
 */
export async function recover(monitoringDir: string, options?: RecoverOptions): Promise<RecoverySummary> {
  return await recoverWith(defaultRuntime(), monitoringDir, options);
}

/**
 * Reads the rows of a spool, `.spools/<channel>.<pid>-<isolate>.<number>.spool`, without asking the program that is filling it: those that it held at
 * one moment, from the first on.
 *
 * @throws {KymoError} if it cannot be read, or is no spool.
 *
 * @example
 * ```ts
 * import { observe, readSpool, start, stop } from "@kymo/kymo";
 * import { assertEquals } from "@std/assert";
 * import { readdirSync, rmSync } from "node:fs";
 *
 * start({ monitoringDir: "_read_while_recording" });
 * observe("queue length", 17);
 *
 * // Any other program may do this:
 * const [name] = readdirSync("_read_while_recording/.spools").filter((name) => /^custom\..*\.spool$/.test(name));
 * const [first] = readSpool(`_read_while_recording/.spools/${name}`).observations;
 * assertEquals([first?.label, first?.measurement], ["queue length", 17]);
 *
 * await stop();
 * rmSync("_read_while_recording", { recursive: true });
 * ```
 */
export function readSpool(path: string): SpoolReading {
  return readSpoolWith(defaultRuntime(), path);
}
