import { formatInteger } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { fileError } from "../../../errors.ts";
import { MonitoringDirectory } from "../../../files/directory.ts";
import { ShippingDirectory } from "../../../ship/shipping_directory.ts";
import type { ChannelCount } from "../../../ship/targets/target.ts";
import { StoreError } from "../../../stores/store_error.ts";
import type { CliContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit_codes.ts";
import { jsonLine } from "../../terminal/json_output.ts";
import { writeError } from "../../terminal/style.ts";
import { formatTable } from "../../terminal/table.ts";
import type { ShipOptions } from "./options.ts";

/** Compares the rows in the stores with their ledgers; returns the exit code. */
export async function verify({ directories, targets, json }: ShipOptions, context: CliContext): Promise<ExitCode> {
  const { stdout, stderr, runtime } = context;
  let isRight = true;
  const all: { directory: string; target: string; channels: readonly ChannelCount[] }[] = [];
  for (const path of directories) {
    for (const { id, connect } of targets) {
      const target = connect();
      try {
        const source = new ShippingDirectory(new MonitoringDirectory(runtime.files, path), id).knownSource();
        if (source === undefined) {
          all.push({ directory: path, target: target.name, channels: [] });
          continue;
        }
        await target.open({ id: source, path, host: runtime.programFacts().host });
        const channels = await target.count();
        all.push({ directory: path, target: target.name, channels });
        if (channels.some(({ shipped, there }) => shipped !== there)) isRight = false;
      } catch (error) {
        if (!(error instanceof StoreError)) throw fileError("Cannot verify", path, error);
        writeError(stderr, error.message);
        isRight = false;
      } finally {
        await target.close();
      }
    }
  }
  if (json) {
    stdout.write(jsonLine("ship-verify", { lanes: all }));
  } else {
    for (const { directory, target, channels } of all) {
      stdout.write(sanitize(`${directory} → ${target}`) + "\n");
      stdout.write(
        channels.length === 0 ? "Nothing was shipped.\n" : formatTable(
          [
            { title: "channel", cell: ({ channel }) => sanitize(channel), side: "left" },
            { title: "rows shipped", cell: ({ shipped }) => formatInteger(shipped) },
            { title: "rows there", cell: ({ there }) => formatInteger(there) },
          ],
          channels,
          { width: stdout.columns, hasColors: stdout.hasColors },
        ),
      );
    }
  }
  return isRight ? exitCode.ok : exitCode.incomplete;
}
