import type { Timers } from "../../runtime.ts";
import { untimed } from "../../http/client/outgoing_requests.ts";
import { StoreError } from "../store_error.ts";
import type { ClickHouseLocation } from "./clickhouse_address.ts";
import { clickhouseErrorOf } from "./failures.ts";

/** Settings of ClickHouse. */
export type SettingValues = Readonly<Record<string, string>>;

/** How to connect. */
export interface ConnectionOptions extends ClickHouseLocation {
  /** ms after which an answer that has not come never will. */
  readonly patience: number;
  readonly timers: Timers;
  /** What is done, as in "Cannot ship to …". */
  readonly action: string;
}

/** Rows to insert. */
export interface Insertion {
  /** `INSERT INTO … FORMAT …`. */
  readonly statement: string;
  readonly rows: Uint8Array<ArrayBuffer>;
  /** Whether the rows are those of files, and can be to blame if they are refused. */
  readonly isData: boolean;
  readonly queryId?: string;
  readonly settings?: SettingValues;
  /** Called once the rows are on their way, while the server works on them. */
  readonly onSent?: (() => void) | undefined;
}

/**
 * ClickHouse over HTTP. User and password are in headers; they are never in an address, which
 * servers and proxies log.
 */
export class ClickHouseConnection {
  readonly #options: ConnectionOptions;
  readonly #headers: Readonly<Record<string, string>>;

  /** Connects to nothing yet: each request is one of its own. */
  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { user, password } = options;
    this.#headers = {
      ...user === "" ? {} : { "x-clickhouse-user": user },
      ...password === "" ? {} : { "x-clickhouse-key": password },
    };
  }

  /**
   * Runs a statement, and returns the rows of its result; numbers of 64 bits are to be selected as
   * texts. With `queryId` it can be found among those that run.
   *
   * @throws {StoreError}
   */
  async query(sql: string, settings: SettingValues = {}): Promise<readonly (readonly unknown[])[]> {
    const isSelection = /^\s*(?:SELECT|WITH)\b/.test(sql);
    const { body } = await this.#request(isSelection ? `${sql}\nFORMAT JSONCompact` : sql, { settings });
    return isSelection ? (JSON.parse(body) as { data: unknown[][] }).data : [];
  }

  /**
   * Inserts rows, and returns how many the server says it has written, if it says so.
   *
   * @throws {StoreError}
   */
  async insert(
    { statement, rows, isData, queryId, settings = {}, onSent }: Insertion,
  ): Promise<number | undefined> {
    // The runtime begins to send when it has a turn of the event loop.
    const cancel = onSent === undefined ? undefined : this.#options.timers.after(1, onSent);
    const { headers } = await this.#request(rows, {
      settings: { ...settings, query: statement, ...queryId === undefined ? {} : { query_id: queryId } },
      isData,
    }).finally(cancel);
    try {
      const { written_rows: written } = JSON.parse(headers.get("x-clickhouse-summary") ?? "{}");
      return written === undefined ? undefined : Number(written);
    } catch {
      return undefined;
    }
  }

  /**
   * Runs a statement that says in which format it wants its result, and returns that as it comes: each
   * part may take as long as an answer.
   *
   * @throws {StoreError}
   */
  async *stream(sql: string): AsyncGenerator<Uint8Array, void> {
    const { name, patience, timers, action } = this.#options;
    const cut = new AbortController();
    let cancel = timers.after(patience, () => cut.abort());
    try {
      const response = await this.#post(sql, {}, cut.signal);
      const { status, headers } = response;
      if (status !== 200) {
        const body = await response.text();
        throw clickhouseErrorOf({ status, headers, body, isData: false }, `Cannot ${action} ${name}`);
      }
      const reader = response.body!.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        cancel();
        yield value;
        cancel = timers.after(patience, () => cut.abort());
      }
    } catch (error) {
      throw this.#failure(error, cut.signal);
    } finally {
      cancel();
      cut.abort(); // also if nobody wants the rest
    }
  }

  async #request(
    content: string | Uint8Array<ArrayBuffer>,
    { settings, isData = false }: { readonly settings: SettingValues; readonly isData?: boolean },
  ): Promise<{ readonly headers: Headers; readonly body: string }> {
    const { name, patience, timers, action } = this.#options;
    const cut = new AbortController();
    const cancel = timers.after(patience, () => cut.abort());
    try {
      const response = await this.#post(content, settings, cut.signal);
      const { status, headers } = response;
      const body = await response.text();
      if (status === 200) return { headers, body };
      throw clickhouseErrorOf({ status, headers, body, isData }, `Cannot ${action} ${name}`);
    } catch (error) {
      throw this.#failure(error, cut.signal);
    } finally {
      cancel();
    }
  }

  #post(content: string | Uint8Array<ArrayBuffer>, settings: SettingValues, signal: AbortSignal): Promise<Response> {
    const address = new URL(this.#options.url);
    // The whole result is there before the first byte is answered, so that a failure is one.
    const parameters = { ...this.#options.settings, ...settings, wait_end_of_query: "1", max_query_size: "16777216" };
    for (const [key, value] of Object.entries(parameters)) address.searchParams.set(key, value);
    return untimed(fetch)(address, {
      method: "POST",
      body: content,
      headers: this.#headers,
      redirect: "manual",
      signal,
    });
  }

  #failure(thrown: unknown, { aborted }: AbortSignal): StoreError {
    const { name, patience, action } = this.#options;
    if (thrown instanceof StoreError) return thrown;
    return aborted
      ? new StoreError("passing", "ETIMEDOUT", `${name} does not answer for ${patience / 1000} s`)
      : unreachable(thrown, `Cannot ${action} ${name}`);
  }
}

/** What `fetch` throws without an answer. */
function unreachable(thrown: unknown, action: string): StoreError {
  const { code, message, cause } = thrown as { code?: unknown; message?: unknown; cause?: { message?: unknown } };
  const why = [message, cause?.message].filter((one) => typeof one === "string" && one !== "").join(": ")
    .replaceAll(/ ?\(?https?:\/\/\S*/g, ""); // the address has the whole query
  const isConfigured = /certificate|InvalidContentType|wrong version number|tls handshake/i.test(why);
  const kind = isConfigured ? "target" : "passing";
  return new StoreError(kind, String(code ?? "ECONN"), `${action}: ${why}`, { cause: thrown });
}
