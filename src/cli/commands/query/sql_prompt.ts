import type { NamedView } from "../../../analysis/frames/named_views.ts";
import { KymoError } from "../../../errors.ts";
import type { CliContext, TypedLines } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit_codes.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { formatTable } from "../../terminal/table.ts";
import { writeError } from "../../terminal/style.ts";

/** What the prompt asks. */
export interface Asked {
  /** Runs a query, and prints its result. */
  readonly run: (sql: string, signal: AbortSignal) => Promise<void>;
  /** The views and tables that there are. */
  readonly views: () => Promise<readonly NamedView[]>;
}

const PROMPT = "kymo> ";

/** Before the further lines of a query. */
const CONTINUED = "   -> ";

const WELCOME = String.raw`SQL of DuckDB; a query ends with a semicolon. \d lists the views, \d NAME the columns of
one, \q or Ctrl-D leaves, Ctrl-C cancels.
`;

/** Answers queries that somebody types, until Ctrl-D or `\q`. */
export async function promptForSql(
  typeLines: NonNullable<CliContext["typeLines"]>,
  { stdout, stderr }: Pick<CliContext, "stdout" | "stderr">,
  { run, views }: Asked,
): Promise<ExitCode> {
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  /** Lines of a query that has not ended. */
  let begun: string[] = [];
  /** Lines that were entered while a query ran. */
  const waiting: string[] = [];
  let running: AbortController | undefined;
  let hasLeft = false;
  const lines: TypedLines = await typeLines({
    line(text) {
      waiting.push(text);
      if (running === undefined) void answerWaiting();
    },
    interrupt() {
      waiting.length = 0;
      begun = [];
      if (running === undefined) ask();
      else running.abort();
    },
    end() {
      hasLeft = true;
      running?.abort();
      leave();
    },
  });
  stdout.write(WELCOME);
  ask();
  await left;
  lines.close();
  stdout.write("\n");
  return exitCode.ok;

  function ask(): void {
    if (!hasLeft) lines.prompt(begun.length === 0 ? PROMPT : CONTINUED);
  }

  async function answerWaiting(): Promise<void> {
    running = new AbortController();
    for (let line = waiting.shift(); line !== undefined && !hasLeft; line = waiting.shift()) {
      try {
        await answer(line, running.signal);
      } catch (error) {
        if (!(error instanceof KymoError)) throw error;
        writeError(stderr, error.message);
      }
      if (running.signal.aborted) running = new AbortController();
    }
    running = undefined;
    ask();
  }

  async function answer(line: string, signal: AbortSignal): Promise<void> {
    const command = begun.length === 0 ? /^\s*(?:\\(\S*)\s*(.*?);?|(quit|exit);?)\s*$/i.exec(line) : null;
    if (command !== null) return await obey(command[1] ?? "q", command[2] ?? "");
    if (begun.length > 0 || line.trim() !== "") begun.push(line);
    if (!/;\s*$/.test(line)) return;
    const sql = begun.join("\n");
    begun = [];
    if (/[^\s;]/.test(sql)) await run(sql, signal);
  }

  async function obey(command: string, name: string): Promise<void> {
    if (command === "q") {
      hasLeft = true;
      return leave();
    }
    if (command !== "d") return void stdout.write(WELCOME);
    const all = await views();
    const wanted = all.find((view) => view.name.toLowerCase() === name.toLowerCase());
    const room = { width: stdout.columns, hasColors: stdout.hasColors };
    if (name !== "" && wanted === undefined) {
      throw new KymoError("not-found", `Cannot describe: ${name}: there are: ${all.map((one) => one.name).join(", ")}`);
    }
    const table = wanted === undefined
      ? formatTable(
        [
          { title: "view", side: "left", cell: (view) => sanitize(view.name) },
          {
            title: "columns",
            side: "left",
            narrowest: 20,
            cell: ({ columns }) => sanitize(columns.map((one) => one.name).join(", ")),
          },
        ],
        all,
        room,
      )
      : formatTable(
        [
          { title: "column", side: "left", cell: (column) => sanitize(column.name) },
          { title: "type", side: "left", cell: (column) => sanitize(column.type) },
        ],
        wanted.columns,
        room,
      );
    stdout.write(table);
  }
}
