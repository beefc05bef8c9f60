import type { Command } from "commander";
import type { Table } from "../../../analysis/duckdb/table.ts";
import type { TelemetryDB } from "../../../analysis/frames/telemetry_db.ts";
import { formatInteger } from "../../../display/numbers.ts";
import { KymoError, quotePath, reason } from "../../../errors.ts";
import type { CliContext } from "../../context.ts";
import type { ExitCode } from "../../exit_codes.ts";
import { DEFAULT_DIRECTORY_HELP, directoryAndRest } from "../../input/default_directory.ts";
import { addSelectionOptions, type SelectionOptions, SOURCE_HELP, wholeNumber } from "../../input/options.ts";
import { hasNothing, openRecording, reportBadRecords, reportUnread, whileReading } from "../../input/recording.ts";
import { databaseHelp } from "../../input/store_password.ts";
import { timeArgumentHelp } from "../../input/time_argument.ts";
import { jsonLine, unreadOf } from "../../terminal/json_output.ts";
import { dim } from "../../terminal/style.ts";
import { formatResult, resultToCsv, resultToJson } from "./result.ts";
import { promptForSql } from "./sql_prompt.ts";

const description = "Ask in SQL: one query, or a prompt for many";

const details = `
DIR is a monitoring directory, a CSV file, a pattern of files, or the address of
a database, of which the selected rows are fetched before. QUERY is SQL of
DuckDB. Without QUERY there is a prompt at a terminal; otherwise the query is
read from the standard input. A single word is DIR if there is such a file or
directory, and otherwise QUERY.

Views, with the names and columns that kymo ship gives them in databases:
  observations        time, timepoint, measurement, label, channel, service,
                      instance, host, pid, isolate, runtime
  duration, client    seconds for the measurement, and of requests route, verb
                      and outcome (answered, 4xx, 5xx, aborted, threw, stream)
  runtime, custom,    those of a channel, and of each channel of your own
  mark
  program             who recorded: service, host, script, started, ended, ...
time is in UTC, timepoint in ns since 1970; timepoint_of(time) turns one into
the other. Isolates that are not known are ''.

A query reads no other files, writes none, and changes no settings; tables in
memory may be made, and last as long as the command.
${databaseHelp}
${timeArgumentHelp}

--json prints one object. Integers that a JSON number cannot hold exactly are
texts of digits, dates and times are texts, NULL and what is not finite is null.
  sources   what was read
  columns   [{name, type}], types as DuckDB calls them
  rows      objects with these names
  more      whether --limit left rows out
  unread    {rows, problems: [{file, line, rows, reason}]}

Examples:
  kymo sql _monitoring
  kymo sql _monitoring "SELECT label, count(*) FROM duration GROUP BY label"
  kymo sql --csv "FROM runtime WHERE label = 'rss'" > rss.csv
  kymo sql _monitoring --json --from -5m < query.sql | jq .rows`;

interface SqlCommandOptions extends SelectionOptions {
  readonly csv?: boolean;
  readonly json?: boolean;
  readonly limit?: number;
}

/** Rows of a table, unless more are asked for. */
const TABLE_ROWS = 100;

/** Adds `kymo sql [DIR] [QUERY]` to the command line; it passes its exit code to `end`. */
export function addSqlCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program.command("sql")
    .description(description)
    .argument("[DIR]", `${SOURCE_HELP}; ${DEFAULT_DIRECTORY_HELP}`)
    .argument("[QUERY]", "what is asked");
  addSelectionOptions(command)
    .option("--csv", "print CSV, with a header")
    .option("--json", "print one JSON object")
    .option("--limit <N>", `rows to print; 0 is all (default: ${TABLE_ROWS} of a table, else all)`, wholeNumber(0))
    .addHelpText("after", details)
    .action(async (first: string | undefined, second: string | undefined, options: SqlCommandOptions) => {
      if (options.csv && options.json) {
        throw new KymoError("invalid-argument", "Cannot query: --csv and --json exclude each other");
      }
      const given = [first, second].filter((word) => word !== undefined);
      const { directory, isDefault, rest } = directoryAndRest(given, { most: 1, what: "a query" }, "query", context);
      try {
        end(await query(directory, rest[0], options, context));
      } catch (error) {
        // A single word that is no query was meant for DIR.
        if (!isDefault || !/^\S+$/.test(rest[0] ?? "") || !(error instanceof KymoError)) throw error;
        const message = `${error.message}; and there is no file or directory ${quotePath(rest[0]!)}`;
        throw new KymoError(error.code, message, { cause: error });
      }
    });
}

/** Answers one query or opens the prompt, reports what could not be read, and returns the exit code. */
async function query(
  directory: string,
  asked: string | undefined,
  options: SqlCommandOptions,
  context: CliContext,
): Promise<ExitCode> {
  const { stdout, stderr, typeLines, readInput } = context;
  const { csv = false, json = false } = options;
  const limit = options.limit === 0 ? Infinity : options.limit ?? (csv || json ? Infinity : TABLE_ROWS);
  await using recording = await openRecording([directory], "query", context, options);
  const { db, sources: { names: sources } } = recording;
  if (hasNothing(recording) && db.reading.problems.length === 0) {
    throw new KymoError("not-found", `Cannot query: ${sources.map(quotePath).join(", ")}: nothing was recorded`);
  }
  const { createNamedViews, namedViews } = await import("../../../analysis/frames/named_views.ts");
  const records = await createNamedViews(db, await recording.select());
  await db.confine();
  const print = (table: Table): void => {
    const more = table.rowCount > limit;
    if (csv) stdout.write(resultToCsv(table, limit));
    else if (json) {
      stdout.write(jsonLine("sql", { sources, ...resultToJson(table, limit), more, unread: unreadOf(db.reading) }));
    } else stdout.write(formatResult(table, limit, { width: stdout.columns, hasColors: stdout.hasColors }));
    if (!more || json) return;
    const told = `The first ${formatInteger(limit)} rows; --limit 0 prints all`;
    stderr.write(`${stderr.hasColors ? dim(told) : told}\n`);
  };
  reportBadRecords(records, context);
  if (asked === undefined && typeLines !== undefined) {
    return await promptForSql(typeLines, context, {
      run: async (sql, signal) => print(await firstRows(db, sql, limit, signal)),
      views: () => namedViews(db),
    });
  }
  const sql = asked ?? await readInput();
  print(await whileReading(db, context, () => firstRows(db, sql, limit)));
  return reportUnread(db.reading, context);
}

/**
 * Runs a query, and reads one row more than `limit`. DuckDB stops there if the query can be a part of
 * another one: most of those that only read can.
 *
 * @throws {KymoError} with what DuckDB says.
 */
async function firstRows(db: TelemetryDB, sql: string, limit: number, signal?: AbortSignal): Promise<Table> {
  const options = signal === undefined ? {} : { signal };
  if (Number.isFinite(limit)) {
    try {
      return await db.sql(`SELECT * FROM (\n${sql.replace(/[\s;]+$/, "")}\n) LIMIT ${limit + 1}`, [], options);
    } catch (error) {
      if (!isOfForm(error)) throw asSaid(error);
    }
  }
  try {
    return await db.sql(sql, [], options);
  } catch (error) {
    throw asSaid(error);
  }
}

/** Whether a query failed before it ran, or was refused. */
function isOfForm(error: unknown): boolean {
  if (error instanceof KymoError && error.code === "query-failed" && error.cause === undefined) return true;
  const said = error instanceof KymoError && error.code === "query-failed" ? reason(error.cause) : "";
  return /^(?:Failed to extract statements: )?(?:Parser|Binder|Catalog|Syntax) Error/.test(said);
}

/** The failure in DuckDB's words, with what it suggests, without the query, which may be long. */
function asSaid(error: unknown): unknown {
  if (!(error instanceof KymoError && error.code === "query-failed" && error.cause instanceof Error)) return error;
  if (/interrupted$/.test(error.message)) return error;
  const [said = ""] = reason(error.cause).replace(/^Failed to extract statements: /, "").split(/\n\s*(?:\n|LINE \d)/);
  // Kymo's own relations are nothing to be meant.
  const words = said.replaceAll(/\s*\n\s*/g, "; ").replace(/; Did you mean "(?:source_\d+|loaded_\d+|switches)"\?/, "");
  return new KymoError("query-failed", `Cannot query: ${words}`, { cause: error });
}
