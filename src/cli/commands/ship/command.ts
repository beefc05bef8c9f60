import { type Command, InvalidArgumentError, Option } from "commander";
import { KymoError } from "../../../errors.ts";
import { parseMilliseconds, TIME_UNITS } from "../../../quantities.ts";
import type { CliContext } from "../../context.ts";
import type { ExitCode } from "../../exit_codes.ts";
import { DEFAULT_DIRECTORY_HELP, directoriesOr } from "../../input/default_directory.ts";
import { listenAddress, METRICS_HELP } from "../../input/listening.ts";
import { openMonitoringDirectory } from "../../input/monitoring_directory.ts";
import {
  addressesInEnvironment,
  PASSWORD_FILE_HELP,
  passwordFromFile,
  refusePassword,
} from "../../input/store_password.ts";
import type { ShipOptions, ShipTarget } from "./options.ts";

const description = "Ship the rows to a database, each exactly once";

const details = `
Ships the rows of monitoring directories to one or more databases, and ends when
everything is there; with --follow it goes on until SIGTERM or SIGINT, and then
ships what is left for up to --grace. What killed programs left is recovered
first. Files are removed, or moved to --archive, when all databases have had
them for --keep.

Databases, and what holds when anything is killed or fails at any moment:
  postgres://[user@]host/database[?schema=kymo]
    exactly once; also TimescaleDB, which was not tried. Needs the package pg.
  clickhouse://[user@]host[:8123]/[database], clickhouses:// with TLS
    exactly once, by one shipper of a directory: a journal in .ship tells what
    was begun. Run against 26.7 and 18.16.
  telemetry.duckdb, duckdb:path[?schema=kymo]
    exactly once. A file of DuckDB, open for a batch at a time. Needs the
    package @duckdb/node-api.
  telemetry/, parquet:folder
    exactly once. A folder of Parquet files by channel and hour, with --follow
    once a minute. Needs the package @duckdb/node-api.
  crate://[user@]host[:4200]/[schema], crates:// with TLS
    exactly once in effect, by primary keys; never run against a real CrateDB.

Tables are made at first use, or by --init; --init --dry-run prints how. Who may
not make tables can have somebody else run that.

The password is taken from --password-file, KYMO_TO_PASSWORD_FILE, PGPASSWORD,
~/.pgpass or CLICKHOUSE_PASSWORD, or from KYMO_TO, which is the default of --to;
not from arguments, which others see.

A row that the database refuses puts its part of the file into quarantine, with
the reason, once the database has taken another file. Nothing else is ever
skipped.

--status prints what the shippers of the directories have last said of
themselves, --verify compares what the database has with its ledger and exits
with 1 if they differ, --retry-quarantine takes everything out of quarantine.

--json prints one object: lanes, one for each directory and database, with state
(idle, shipping, waiting, blocked), error, rows (read = shipped + already +
quarantined + pending), files, bytes, batches, waitingFiles,
oldestUnshippedSeconds, newestShipped (ns), retries, quarantinedPieces, damaged,
vanishedFiles, filesLetGo, letGoFailures, refused.

Exit codes: 1 if not everything was shipped, 3 if another program ships a
directory to the same database (--standby waits for its end).

Examples:
  kymo ship _monitoring --to postgres://metrics@db/telemetry
  kymo ship _monitoring --to telemetry.duckdb
  kymo ship /telemetry/* --follow --metrics 9464
  kymo ship --init --dry-run --to postgres://metrics@db/telemetry
  kymo ship _monitoring --status`;

interface ShipCommandOptions {
  readonly to?: readonly string[];
  readonly passwordFile?: string;
  readonly follow?: boolean;
  readonly init?: boolean;
  readonly dryRun?: boolean;
  readonly keep: number;
  readonly archive?: string;
  readonly grace: number;
  readonly standby?: boolean;
  readonly status?: boolean;
  readonly verify?: boolean;
  readonly retryQuarantine?: boolean;
  readonly statusFile?: string;
  readonly metrics?: string;
  readonly answerTimeout: number;
  readonly json?: boolean;
}

const MINUTE = 60_000;

/** Adds `kymo ship DIR…` to the command line; it passes its exit code to `end`. */
export function addShipCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program.command("ship")
    .description(description)
    .argument("[DIR...]", `monitoring directories; ${DEFAULT_DIRECTORY_HELP}`)
    .option("--to <STORE>", "the database; may be given several times; default: KYMO_TO", collect)
    .option("--password-file <FILE>", PASSWORD_FILE_HELP)
    .option("--follow", "go on until SIGTERM or SIGINT")
    .option(
      "--keep <TIME>",
      "how long files stay after they were shipped, or forever; default 10m",
      parseKeep,
      10 * MINUTE,
    )
    .option("--archive <DIR>", "where files go then, instead of being removed")
    .option("--grace <TIME>", "how long it may ship after the signal; default 25s", parseLength, 25_000)
    .option("--standby", "wait while another program ships the same")
    .option("--metrics <[HOST:]PORT>", METRICS_HELP)
    .option("--status-file <FILE>", "write the status as JSON to a file, again and again")
    .option("--init", "only make the tables")
    .option("--dry-run", "with --init: only print how the tables are made")
    .option("--status", "only print the status of the shippers")
    .option("--verify", "only compare the database with its ledger")
    .option("--retry-quarantine", "only take everything out of quarantine")
    .addOption(
      new Option("--answer-timeout <TIME>", "how long the database may take to answer").argParser(parseLength)
        .default(MINUTE, "1m"),
    )
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(async (directories: string[], options: ShipCommandOptions) => {
      end(await ship(directories, options, context));
    });
}

async function ship(paths: readonly string[], given: ShipCommandOptions, context: CliContext): Promise<ExitCode> {
  const modes = (["init", "status", "verify", "retryQuarantine"] as const).filter((mode) => given[mode]);
  if (modes.length > 1) {
    throw new KymoError(
      "invalid-argument",
      "Cannot ship: only one of --init, --status, --verify and --retry-quarantine can be given",
    );
  }
  const named = given.init ? paths : directoriesOr(paths, "ship", context);
  const directories = named.map((path) => openMonitoringDirectory(path, "ship", context).path);
  if (given.status) return (await import("./status.ts")).printStatus(directories, given.json ?? false, context);
  if (given.retryQuarantine) return (await import("./status.ts")).retryQuarantine(directories, context);
  const options: ShipOptions = {
    directories: [...new Set(directories)],
    targets: await targetsOf(given, context),
    follow: given.follow ?? false,
    keep: given.keep,
    archive: given.archive === undefined ? undefined : context.runtime.files.resolve(given.archive),
    grace: given.grace,
    standby: given.standby ?? false,
    statusFile: given.statusFile,
    metrics: given.metrics === undefined ? undefined : listenAddress(given.metrics),
    json: given.json ?? false,
  };
  if (given.init) return (await import("./init.ts")).init(options, given.dryRun ?? false, context);
  if (given.verify) return (await import("./verify.ts")).verify(options, context);
  return (await import("./run.ts")).runShipping(options, context);
}

/** The stores, from the options or the environment. Secrets come only from files and the environment. */
async function targetsOf(
  { to, passwordFile, answerTimeout }: ShipCommandOptions,
  { runtime }: CliContext,
): Promise<readonly ShipTarget[]> {
  const urls = to ?? addressesInEnvironment(runtime);
  if (urls.length === 0) {
    throw new KymoError("invalid-argument", "Cannot ship: give --to STORE, or KYMO_TO in the environment");
  }
  const password = passwordFromFile(passwordFile, runtime);
  const { SCHEMES, targetConnector } = await import("../../../ship/targets/connect_target.ts");
  const { parseTarget } = await import("../../../ship/targets/target_address.ts");
  return await Promise.all(urls.map(async (url) => {
    const address = await parseTarget(url, { schemes: SCHEMES, resolve: (path) => runtime.files.resolve(path) });
    if (to !== undefined) refusePassword(address, "ship");
    return { ...address, connect: await targetConnector(runtime, address, { password, patience: answerTimeout }) };
  }));
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function parseKeep(text: string): number {
  return text === "forever" ? Infinity : parseLength(text);
}

function parseLength(text: string): number {
  const length = parseMilliseconds(text);
  if (length === undefined) throw new InvalidArgumentError(`It must be a length of time, such as 30s (${TIME_UNITS}).`);
  return length;
}
