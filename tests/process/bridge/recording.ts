import { fileURLToPath } from "node:url";
import { type RuntimeName, spawnOn } from "../../support/process/run.ts";

const recorder = fileURLToPath(new URL("../../support/programs/awkward_recorder.ts", import.meta.url));

/** Rows that {@linkcode record} leaves for each of its counts. */
export const ROWS_EACH = 21;

/** Records rows with awkward labels and numbers in a program of its own. */
export async function record(
  runtime: RuntimeName,
  directory: string,
  options: object,
  count: number,
  end: "stop" | "kill" = "stop",
): Promise<void> {
  await spawnOn(runtime, recorder, [JSON.stringify({ monitoringDir: directory, ...options }), String(count), end])
    .ended;
}
