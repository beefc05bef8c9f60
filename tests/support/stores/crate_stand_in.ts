import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A stand-in for the endpoint `_sql` of CrateDB, made after its documentation (interfaces/http.rst). It
 * knows the statements that Kymo sends and no others, keeps primary keys, lets nothing be read before
 * REFRESH TABLE, and reads integers of JSON exactly. It is not CrateDB: nothing that it takes is
 * known to be taken there.
 */
export class CrateStandIn implements AsyncDisposable {
  /** The address for `--to`. */
  readonly url: string;
  /** Called before each statement; returns what goes wrong with it. */
  onStatement: (statement: string) => Fault | undefined | void = () => {};
  readonly #server: Server;
  readonly #tables = new Map<string, Table>();

  private constructor(server: Server) {
    this.#server = server;
    this.url = `crate://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  /** Starts it, without tables. */
  static async start(): Promise<CrateStandIn> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const standIn = new CrateStandIn(server);
    server.on("request", (request, response) => {
      const chunks: Uint8Array[] = [];
      request.on("data", (chunk: Uint8Array) => chunks.push(chunk)).on("end", () => {
        const text = chunks.map((chunk) => new TextDecoder("utf-8", { fatal: true }).decode(chunk, { stream: true }))
          .join("");
        let status = 200;
        let answer: unknown;
        try {
          if (request.url !== "/_sql" || request.method !== "POST") throw new CrateError(4000, "no such endpoint");
          const given = parseExactly(text) as Record<string, unknown>;
          const fault = standIn.onStatement(String(given["stmt"]));
          if (fault?.before !== undefined) throw fault.before;
          answer = standIn.#run(given);
          if (fault?.after === "lost") return void response.destroy();
        } catch (error) {
          if (!(error instanceof CrateError)) throw error;
          status = error.code >= 5000 ? 500 : 400;
          answer = { error: { message: error.message, code: error.code } };
        }
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
      });
    });
    return standIn;
  }

  /** The rows of a table, whether they are refreshed or not. */
  rowsOf(table: string): readonly Row[] {
    return [...this.#tables.get(table)?.rows.values() ?? []];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #run({ stmt, args, bulk_args: bulk }: Record<string, unknown>): object {
    if (typeof stmt !== "string") throw new CrateError(4000, "stmt is missing");
    const statement = stmt.replaceAll(/\s+/g, " ");
    const create = /^CREATE (TABLE IF NOT EXISTS|VIEW) ("kymo"\.\w+) (.*)$/.exec(statement);
    if (create) return this.#create(create[1]!, create[2]!, create[3]!);
    const refresh = /^REFRESH TABLE ("kymo"\.\w+)$/.exec(statement);
    if (refresh) {
      this.#table(refresh[1]!).refresh();
      return { cols: [], rows: [], rowcount: 1 };
    }
    const insert =
      /^INSERT INTO ("kymo"\.\w+) \(([^)]*)\) VALUES \((.*)\) ON CONFLICT (?:DO NOTHING|\(id\) DO UPDATE SET (.*))$/
        .exec(statement);
    if (insert) {
      const [, name = "", columns = "", values = "", update] = insert;
      const run = (given: unknown): number =>
        this.#table(name).insert(columns.split(", "), values, given, update !== undefined);
      if (bulk === undefined) return { cols: [], rows: [], rowcount: run(args) };
      const results = (bulk as unknown[]).map((given) => {
        try {
          return { rowcount: run(given) };
        } catch (error) {
          if (!(error instanceof CrateError)) throw error;
          return { rowcount: -2 };
        }
      });
      return { cols: [], duration: 0.1, results };
    }
    const rows = this.#select(statement, args as unknown[]);
    return { cols: [], rows, rowcount: rows.length };
  }

  #create(kind: string, name: string, rest: string): object {
    if (kind === "VIEW") {
      const from = [...rest.matchAll(/"kymo"\.\w+/g)].map(([table]) => table);
      if (from.length === 0 || !from.every((table) => this.#tables.has(table))) throw new CrateError(4041, rest);
      if (this.#tables.has(name)) throw new CrateError(4093, `${name} exists`);
      this.#tables.set(name, new Table([], []));
      return { cols: [], rows: [], rowcount: 1 };
    }
    const columns = [...rest.matchAll(/[(,] ("?\w+"?) (TEXT|BIGINT|DOUBLE PRECISION|TIMESTAMP|OBJECT)/g)]
      .map(([, column = "", type = ""]) => [column.replaceAll('"', ""), type] as const);
    const key = /PRIMARY KEY \(([^)]*)\)/.exec(rest)?.[1]?.split(", ") ?? [/(\w+) \w+ PRIMARY KEY/.exec(rest)![1]!];
    if (!this.#tables.has(name)) this.#tables.set(name, new Table(columns, key.map((one) => one.replaceAll('"', ""))));
    return { cols: [], rows: [], rowcount: 1 };
  }

  #table(name: string): Table {
    const table = this.#tables.get(name);
    if (table === undefined) throw new CrateError(4041, `Relation '${name}' unknown`);
    return table;
  }

  #select(statement: string, args: readonly unknown[]): unknown[][] {
    if (statement.startsWith("SELECT table_name FROM information_schema.tables")) {
      const [schema, names] = args as [string, string[]];
      return names.filter((name) => this.#tables.has(`"${schema}".${name}`)).map((name) => [name]);
    }
    const [, what = "", name = "", where = ""] = /^SELECT (.*) FROM ("kymo"\.\w+) WHERE (.*)$/.exec(statement) ?? [];
    const { visible } = this.#table(name);
    const own = visible.filter(({ source }) => source === args[0]);
    const count = (rows: readonly Row[], by: string, value: (row: Row) => number): unknown[][] =>
      [...Map.groupBy(rows, (row) => row[by])].map((
        [key, some],
      ) => [key, some.reduce((sum, row) => sum + value(row), 0)]);
    switch (`${what} | ${where}`) {
      case 'stem, first_row, "rows", bytes, sha256 | source = ? AND (stem = ANY(?) OR sha256 = ANY(?)) ORDER BY stem, first_row':
        return own.filter(({ stem, sha256 }) =>
          (args[1] as unknown[]).includes(stem) || (args[2] as unknown[]).includes(sha256)
        )
          .map((
            { stem, first_row, rows, bytes, sha256 },
          ) => [stem, Number(first_row), Number(rows), Number(bytes), sha256]);
      case "stem, count(*) | source = ? AND stem = ANY(?) GROUP BY stem":
        return count(own.filter(({ stem }) => (args[1] as unknown[]).includes(stem)), "stem", () => 1);
      case "count(*) | source = ?":
        return [[own.length]];
      case 'count(*) | source = ? AND stem = ? AND "row" >= ? AND "row" < ?': {
        const [, stem, from, to] = args as [string, string, bigint, bigint];
        return [[
          own.filter((one) => one.stem === stem && (one.row as bigint) >= from && (one.row as bigint) < to).length,
        ]];
      }
      case 'channel, sum("rows") | source = ? GROUP BY channel':
        return count(own, "channel", ({ rows }) => Number(rows));
      case "channel, count(*) | source = ? GROUP BY channel":
        return count(own, "channel", () => 1);
      default:
        throw new CrateError(4000, `unsupported: ${statement}`);
    }
  }
}

/** What goes wrong with a request. */
export interface Fault {
  /** It is answered instead. */
  readonly before?: CrateError;
  /** It is done, and the answer lost. */
  readonly after?: "lost";
}

/** An error with a code of CrateDB. */
export class CrateError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** A row by its columns; integers as `bigint`. */
export type Row = Readonly<Record<string, unknown>>;

class Table {
  readonly rows = new Map<string, Row>();
  visible: readonly Row[] = [];
  readonly #types: ReadonlyMap<string, string>;
  readonly #key: readonly string[];

  constructor(columns: readonly (readonly [name: string, type: string])[], key: readonly string[]) {
    this.#types = new Map(columns);
    this.#key = key;
  }

  refresh(): void {
    this.visible = [...this.rows.values()];
  }

  /** Returns the number of rows that were written. */
  insert(columns: readonly string[], values: string, given: unknown, replaces: boolean): number {
    const args = [...given as unknown[]];
    const row: Record<string, unknown> = {};
    // Literals, parameters, and a parameter that is cast.
    const terms = [...values.matchAll(/'((?:[^']|'')*)'|CAST\(\? AS (DOUBLE PRECISION)\)|\?/g)];
    if (terms.length !== columns.length) throw new CrateError(4000, "as many values as columns");
    for (const [i, [term, text, cast]] of terms.entries()) {
      const name = columns[i]!.replaceAll('"', "");
      const value = text !== undefined ? text.replaceAll("''", "'") : args.shift();
      row[name] = this.#checked(name, cast !== undefined ? toDouble(value) : value);
      if (term === undefined) throw new CrateError(4000, values);
    }
    if (args.length > 0) throw new CrateError(4000, "more arguments than parameters");
    if (this.#types.has("day")) row["day"] = (row["timepoint"] as bigint) / 86_400_000_000_000n;
    const key = this.#key.map((name) => String(row[name])).join("\0");
    if (this.rows.has(key) && !replaces) return 0;
    this.rows.set(key, row);
    return 1;
  }

  #checked(name: string, value: unknown): unknown {
    const type = this.#types.get(name);
    if (type === undefined) throw new CrateError(4043, `Column ${name} unknown`);
    const isRight = value === null || {
      "TEXT": typeof value === "string" && new TextEncoder().encode(value).length <= 32_766,
      "BIGINT": typeof value === "bigint" && value === BigInt.asIntN(64, value),
      "DOUBLE PRECISION": typeof value === "number",
      "TIMESTAMP": typeof value === "bigint" || typeof value === "string" && !Number.isNaN(Date.parse(value)),
      "OBJECT": typeof value === "object",
    }[type];
    if (!isRight) throw new CrateError(4003, `Validation failed for ${name}`);
    return value;
  }
}

/** As Java reads a double. */
function toDouble(text: unknown): number {
  if (typeof text !== "string" || !/^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|NaN|[+-]?Infinity)$/.test(text)) {
    throw new CrateError(4003, `Cannot cast ${String(text)} to double precision`);
  }
  return Number(text);
}

/** JSON whose integers are `bigint`. */
function parseExactly(text: string): unknown {
  return JSON.parse(
    text,
    (_, value, context?: { readonly source?: string }) =>
      typeof value === "number" && /^-?\d+$/.test(context?.source ?? "") ? BigInt(context!.source!) : value,
  );
}
