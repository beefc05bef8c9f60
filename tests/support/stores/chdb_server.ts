/**
 * Gives the ClickHouse of the package `chdb`, which runs in this process, its HTTP interface as far as
 * it is used here: a POST of a statement, or of rows with the statement in `query`; settings and
 * `query_id` as parameters; errors with their code. What the engine refuses is refused: unknown
 * settings, too.
 *
 * Arguments: the file to import, the folder of the data, the port on 127.0.0.1.
 */

import { Buffer } from "node:buffer";
import { unlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import process from "node:process";
import { pathToFileURL } from "node:url";

interface Session {
  query(sql: string, format: string): string;
  insert(parameters: object): Promise<{ readonly rowsWritten: number }>;
}

/** Parameters that are no settings of the engine. */
const OWN = ["query", "query_id", "wait_end_of_query", "database"];

const [entry = "", data = "", port = ""] = process.argv.slice(2);
const { Session: Engine } = await import(pathToFileURL(entry).href) as { Session: new (path: string) => Session };
const session = new Engine(data);
let files = 0;

createServer(async (request, response) => {
  const { searchParams } = new URL(request.url ?? "/", "http://localhost");
  const body = await bodyOf(request).catch(() => undefined);
  if (body === undefined) return void request.socket.destroy(); // the request was cut
  const statement = searchParams.get("query");
  const settings = Object.fromEntries([...searchParams].filter(([name]) => !OWN.includes(name)));
  try {
    if (statement !== null) {
      const written = await insert(statement, body, settings);
      response.setHeader(
        "x-clickhouse-summary",
        JSON.stringify(written === undefined ? {} : { written_rows: written }),
      );
      response.end();
    } else {
      response.end(session.query(withSettings(body.toString(), settings), "TabSeparated"));
    }
  } catch (error) {
    const text = String((error as Error).message).replace(/^Query failed: /, "");
    const code = /Code: (\d+)\./.exec(text)?.[1] ?? "1002";
    response.writeHead(500, { "x-clickhouse-exception-code": code });
    response.end(text);
  }
}).listen(Number(port), "127.0.0.1");

async function bodyOf(request: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * Inserts rows; returns how many the engine has written, if it tells. An empty line in the rows would
 * end an insertion from memory; from a file it does not.
 */
async function insert(
  statement: string,
  rows: Buffer,
  settings: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  const [, given = "", columns = "", format = ""] = /^INSERT INTO (\S+) \(([^)]*)\) FORMAT (\w+)$/.exec(statement) ??
    [];
  const table = given.replaceAll("`", ""); // it takes no quotes
  if (!rows.includes("\n\n")) {
    const names = columns.split(", ");
    return (await session.insert({ table, columns: names, values: rows, format, settings })).rowsWritten;
  }
  const path = `${data}.${files++}.rows`;
  writeFileSync(path, rows);
  try {
    session.query(
      withSettings(`INSERT INTO ${table} (${columns}) FROM INFILE '${path}'`, settings) + ` FORMAT ${format}`,
      "TabSeparated",
    );
  } finally {
    unlinkSync(path);
  }
  return undefined;
}

function withSettings(sql: string, settings: Readonly<Record<string, string>>): string {
  const list = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "\\'")}'`);
  return list.length === 0 || !/^\s*(?:SELECT|INSERT|ALTER)\b/.test(sql) ? sql : `${sql} SETTINGS ${list.join(", ")}`;
}
