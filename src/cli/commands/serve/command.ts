import { type Command, InvalidArgumentError, Option } from "commander";
import { parseMilliseconds, TIME_UNITS } from "../../../quantities.ts";
import { otlpOptions } from "../../../bridge/otlp/otlp_options.ts";
import type { CliContext } from "../../context.ts";
import type { ExitCode } from "../../exit_codes.ts";
import { DEFAULT_DIRECTORY_HELP, directoryOr } from "../../input/default_directory.ts";
import { listenAddress } from "../../input/listening.ts";
import { openMonitoringDirectory } from "../../input/monitoring_directory.ts";

const description = "Serve counts and histograms to Prometheus and OpenTelemetry";

const details = `
Counts the rows of a monitoring directory, each exactly once, and serves the
sums at /metrics until SIGTERM or SIGINT. The programs do nothing for it. What
was counted is kept in .bridge in the directory, so that no counter falls when
this or a program is restarted. It begins with all rows that are there.

HTTP requests are http_server_request_duration_seconds and
http_client_request_duration_seconds, by http_route or server_address,
http_request_method and outcome (ok, 4xx, 5xx, aborted, threw, stream); other
durations are kymo_duration_seconds. Runtime figures, observed numbers and
Kymo's own state are there, too. All programs of a directory are one sum, unless
--by-process says otherwise.

The answer is Prometheus text 0.0.4, or OpenMetrics for who asks for it. With
--histograms exponential, a Prometheus that takes native histograms gets these.

With --otlp, or OTEL_EXPORTER_OTLP_ENDPOINT, the same is pushed as OTLP/HTTP
(protobuf, gzip) with cumulative exponential histograms. OTEL_EXPORTER_OTLP_*,
OTEL_METRIC_EXPORT_INTERVAL, OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES are
honoured. Single rows are in neither: kymo ship brings them into a database.

Exit codes: 1 if the state cannot be read, 3 if another program serves the
directory (--standby waits for its end).

Examples:
  kymo serve _monitoring
  kymo serve _monitoring --metrics 0.0.0.0:9464
  kymo serve _monitoring --no-metrics --otlp http://collector:4318`;

interface ServeCommandOptions {
  readonly metrics: string | false;
  readonly otlp?: string;
  readonly histograms?: "classic" | "exponential";
  readonly byProcess?: boolean;
  readonly interval: number;
  readonly maxSeries: number;
  readonly standby?: boolean;
}

/** Adds `kymo serve DIR` to the command line; it passes its exit code to `end`. */
export function addServeCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program.command("serve")
    .description(description)
    .argument("[DIR]", `monitoring directory; ${DEFAULT_DIRECTORY_HELP}`)
    .addOption(
      new Option("--metrics <[HOST:]PORT>", "where; on 127.0.0.1 unless told otherwise, 0 for any free port")
        .default("9464"),
    )
    .option("--no-metrics", "serve nothing, only push")
    .option("--otlp <URL>", "push to an OpenTelemetry collector, such as http://localhost:4318")
    .addOption(
      new Option("--histograms <FORM>", "default: classic for Prometheus, exponential for OTLP")
        .choices(["classic", "exponential"]),
    )
    .option("--by-process", "series of each program, for 5 minutes after its last row")
    .addOption(
      new Option("--interval <TIME>", "how often the directory is read").argParser(parseLength).default(1_000, "1s"),
    )
    .addOption(
      new Option("--max-series <N>", "labels counted apart; the rows of further ones count as other")
        .argParser(parseCount).default(10_000),
    )
    .option("--standby", "wait while another program serves the directory")
    .addHelpText("after", details)
    .action(async (path: string | undefined, options: ServeCommandOptions) => {
      end(await serve(directoryOr(path, "serve", context), options, context));
    });
}

async function serve(path: string, given: ServeCommandOptions, context: CliContext): Promise<ExitCode> {
  const { metrics, otlp, histograms, byProcess = false, interval, maxSeries, standby = false } = given;
  const directory = openMonitoringDirectory(path, "serve", context);
  const options = {
    path: directory.path,
    metrics: metrics === false ? undefined : listenAddress(metrics),
    otlp: otlpOptions({ url: otlp, histograms, service: "kymo" }, context.runtime.environment),
    histograms: histograms ?? "classic",
    byProcess,
    interval,
    maxSeries,
    standby,
  };
  return (await import("./run.ts")).runBridge(options, context);
}

function parseLength(text: string): number {
  const length = parseMilliseconds(text);
  if (length === undefined || length < 10) {
    throw new InvalidArgumentError(`It must be a length of time of at least 10ms, such as 1s (${TIME_UNITS}).`);
  }
  return length;
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("It must be a whole number from 1 to 9999999.");
  return Number(text);
}
