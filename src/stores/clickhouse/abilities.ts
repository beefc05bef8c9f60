import type { ClickHouseConnection, SettingValues } from "./connection.ts";
import { identifier, literal } from "./sql.ts";

/**
 * Settings that are sent with each insertion to a server that knows them: an insertion is one block
 * and one part, which is there or not, and the answer comes after it is there.
 */
const INSERTING: SettingValues = {
  "async_insert": "0", // on by default since 26.2
  "input_format_parallel_parsing": "0",
  "max_insert_block_size": "1048449",
  "input_format_csv_detect_header": "0",
};

/** The same for a table that is spread over servers: the answer comes after all of them have theirs. */
const INSERTING_DISTRIBUTED: SettingValues = { "insert_distributed_sync": "1", "distributed_foreground_insert": "1" };

/** The same for a table that is replicated: most replicas have the rows, and are asked in order. */
const INSERTING_REPLICATED: SettingValues = { "insert_quorum": "auto", "insert_quorum_parallel": "0" };
const COUNTING_REPLICATED: SettingValues = { "select_sequential_consistency": "1" };

/** The setting that lets a server drop an insertion that it has had; since 22.2. */
const TOKEN = "insert_deduplication_token";

/** What a server can do. Settings that it does not know would be refused. */
export interface ServerAbilities {
  readonly version: string;
  readonly settings: ReadonlySet<string>;
  readonly tableSettings: ReadonlySet<string>;
  /** Whether it has times in ns, and columns of few texts (since 20.1). */
  readonly hasDateTime64: boolean;
}

/** What the table of the rows is. */
export interface TableAbilities {
  readonly engine: string;
  /** Where the rows of a distributed table are. */
  readonly local?: { readonly cluster: string; readonly table: string };
  /** Settings to insert with, and to count with. */
  readonly inserting: SettingValues;
  readonly counting: SettingValues;
  /** Whether an insertion may have a token. */
  readonly hasTokens: boolean;
  /** Whether an insertion that comes again a short time later is dropped for its token. */
  readonly dropsRepeats: boolean;
}

/**
 * Asks a server what it can do.
 *
 * @throws {StoreError}
 */
export async function serverAbilities(connection: ClickHouseConnection): Promise<ServerAbilities> {
  const names = async (sql: string): Promise<Set<string>> => {
    return new Set((await connection.query(sql)).map(([name]) => String(name)));
  };
  const [[version] = []] = await connection.query("SELECT version()");
  return {
    version: String(version),
    settings: await names("SELECT name FROM system.settings"),
    tableSettings: await names("SELECT name FROM system.merge_tree_settings"),
    hasDateTime64: (await names("SELECT name FROM system.data_type_families WHERE name = 'DateTime64'")).size > 0,
  };
}

/**
 * Asks what a table is; `undefined` if it is not there.
 *
 * @throws {StoreError}
 */
export async function tableAbilities(
  connection: ClickHouseConnection,
  { settings: known }: ServerAbilities,
  database: string,
  table: string,
): Promise<TableAbilities | undefined> {
  const [row] = await connection.query(
    `SELECT engine, engine_full FROM system.tables WHERE database = ${literal(database)} AND name = ${literal(table)}`,
  );
  if (row === undefined) return undefined;
  const [engine, full] = row.map(String) as [string, string];
  const isReplicated = engine.startsWith("Replicated") && known.has("insert_quorum_parallel");
  const [, cluster = "", database2 = "", table2 = ""] =
    /^Distributed\('?([^',]+)'?, '?([^',]*)'?, '?([^',)]+)'?/.exec(full) ?? [];
  const ofKnown = (settings: SettingValues): SettingValues =>
    Object.fromEntries(Object.entries(settings).filter(([name]) => known.has(name)));
  return {
    engine,
    ...engine === "Distributed"
      ? { local: { cluster, table: `${identifier(database2 || database)}.${identifier(table2)}` } }
      : {},
    inserting: ofKnown({
      ...INSERTING,
      ...engine === "Distributed" ? INSERTING_DISTRIBUTED : {},
      ...isReplicated ? INSERTING_REPLICATED : {},
    }),
    counting: isReplicated ? ofKnown(COUNTING_REPLICATED) : {},
    hasTokens: known.has(TOKEN),
    dropsRepeats: known.has(TOKEN) && (isReplicated || /\bnon_replicated_deduplication_window = [1-9]/.test(full)),
  };
}

/** The setting by which a server recognizes an insertion, if it can. */
export function tokenSetting(table: TableAbilities, token: string): SettingValues {
  return table.hasTokens ? { [TOKEN]: token } : {};
}
