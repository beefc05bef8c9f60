import { counted, formatSpan } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { MonitoringDirectory } from "../../../files/directory.ts";
import { NANOSECONDS_PER_SECOND } from "../../../series.ts";
import { shippedTargets } from "../../../control/retention/shipped_mark.ts";
import { type Quarantined, ShippingDirectory } from "../../../ship/shipping_directory.ts";
import type { CliContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit_codes.ts";
import { jsonLine } from "../../terminal/json_output.ts";
import { SPACED } from "../../terminal/style.ts";

/** What a shipper has last written of itself, and its quarantine. */
interface ToldLane {
  readonly status: Readonly<Record<string, unknown>>;
  readonly quarantine: readonly Quarantined[];
}

/** Prints what the shippers of directories have last said; returns the exit code. */
export function printStatus(directories: readonly string[], json: boolean, context: CliContext): ExitCode {
  const { stdout, runtime: { clock } } = context;
  const lanes = directories.flatMap((path) => lanesOf(path, context));
  if (json) {
    const objects = lanes.map(({ status, quarantine }) => ({ ...status, quarantine }));
    stdout.write(jsonLine("ship-status", { lanes: objects }));
  } else if (lanes.length === 0) {
    stdout.write("Nothing was ever shipped from there.\n");
  }
  for (const lane of json ? [] : lanes) stdout.write(inWords(lane, clock.epoch()));
  return lanes.some(({ status: { state } }) => state === "blocked") ? exitCode.incomplete : exitCode.ok;
}

/** Takes everything out of quarantine; returns the exit code. */
export function retryQuarantine(directories: readonly string[], { stdout, runtime: { files } }: CliContext): ExitCode {
  let released = 0;
  for (const path of directories) {
    const directory = new MonitoringDirectory(files, path);
    for (const id of shippedTargets(directory)) released += new ShippingDirectory(directory, id).release();
  }
  const parts = released === 1 ? "1 part of a file is" : `${released} parts of files are`;
  stdout.write(`${parts} shipped again by the next kymo ship.\n`);
  return exitCode.ok;
}

function lanesOf(path: string, { runtime: { files } }: CliContext): ToldLane[] {
  const directory = new MonitoringDirectory(files, path);
  return shippedTargets(directory).flatMap((id) => {
    const shipping = new ShippingDirectory(directory, id);
    const status = shipping.readStatus();
    return status === undefined ? [] : [{ status, quarantine: shipping.quarantined() }];
  });
}

function inWords({ status, quarantine }: ToldLane, now: bigint): string {
  const { directory, target, state, error, at, waitingFiles, oldestUnshippedSeconds, rows } = status;
  const age = typeof at === "string" ? Number(now - BigInt(at)) / NANOSECONDS_PER_SECOND : NaN;
  const shipped = (rows as { shipped?: number } | undefined)?.shipped ?? 0;
  const wait = Number(waitingFiles) > 0
    ? `; ${counted(Number(waitingFiles), "file")} wait, the oldest for ${
      formatSpan(Number(oldestUnshippedSeconds), SPACED)
    }`
    : "";
  const lines = [
    `${directory} → ${target}: ${state}, as told ${formatSpan(Math.max(0, age), SPACED)} ago; ` +
    `${counted(shipped, "row")} shipped since its start${wait}`,
    ...typeof error === "string" ? [`  ${error}`] : [],
    ...quarantine.map(({ file, rows, code, reason }) =>
      `  in quarantine: ${file}, ${counted(rows, "row")}: ${code}: ${reason}`
    ),
  ];
  return lines.map((line) => `${sanitize(line)}\n`).join("");
}
