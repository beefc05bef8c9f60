import { StoreError } from "../../../stores/store_error.ts";
import type { CliContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit_codes.ts";
import { writeError } from "../../terminal/style.ts";
import type { ShipOptions } from "./options.ts";

/** Makes the tables, or prints how; returns the exit code. */
export async function init({ targets }: ShipOptions, isDry: boolean, context: CliContext): Promise<ExitCode> {
  const { stdout, stderr } = context;
  let code: ExitCode = exitCode.ok;
  for (const { connect, scheme } of targets) {
    const target = connect();
    try {
      if (isDry) {
        stdout.write(`-- ${target.name}\n${(await target.schema()).trim()}\n`);
      } else {
        const isNew = await target.init();
        const what = scheme === "parquet" ? "the folder is" : "the tables are";
        stdout.write(`${target.name}: ${what} ${isNew ? "made" : "there"}.\n`);
      }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      writeError(stderr, error.message);
      code = exitCode.incomplete;
    } finally {
      await target.close();
    }
  }
  return code;
}
