import { reason } from "../../../errors.ts";
import { untimed } from "../../../http/client/outgoing_requests.ts";
import type { Timers } from "../../../runtime.ts";
import { type FailureKind, StoreError } from "../../../stores/store_error.ts";

/** Where CrateDB answers SQL. */
export interface SqlEndpointOptions {
  /** Such as `http://host:4200/_sql`. */
  readonly url: string;
  /** The address for people. */
  readonly name: string;
  readonly user: string;
  readonly password: string;
  /** ms after which an answer that has not come never will. */
  readonly patience: number;
  readonly timers: Timers;
}

/** What CrateDB answers. */
export interface SqlAnswer {
  readonly rows: readonly (readonly unknown[])[];
  readonly rowcount: number;
  /** Of a bulk operation, one for each: 1, 0, or -2 if it failed. */
  readonly results: readonly { readonly rowcount: number }[];
}

/** Codes by what they mean for a shipper; others from 4000 on: somebody has to mend it; from 5000 on: it passes. */
const KINDS: Readonly<Record<number, FailureKind>> = {
  4003: "data", // a value that its column does not take
  4031: "passing", // the node is read-only for now
  4092: "passing", // somebody has changed it meanwhile
  4093: "passing", // somebody has made it meanwhile
  4097: "passing",
};

/** Statuses of HTTP that pass by themselves; what is before CrateDB gives them. */
const PASSING: readonly number[] = [408, 425, 429, 500, 502, 503, 504];

const MILLISECONDS = 1_000;

/** Sends SQL to CrateDB over HTTP. */
export class SqlEndpoint {
  readonly #options: SqlEndpointOptions;
  #given = new AbortController();

  /** Sends nothing yet. */
  constructor(options: SqlEndpointOptions) {
    this.#options = options;
  }

  /**
   * Runs a statement, with values as JSON: a list, or with `bulk` a list of lists, for each of which it
   * is run. The text is sent as it is: integers beyond 2^53 stay exact.
   *
   * @throws {StoreError}
   */
  async run(statement: string, values?: string, { bulk = false } = {}): Promise<SqlAnswer> {
    const { url, user, password, patience, timers, name } = this.#options;
    const key = bulk ? "bulk_args" : "args";
    const body = `{"stmt":${JSON.stringify(statement)}${values === undefined ? "" : `,"${key}":${values}`}}`;
    const late = new AbortController();
    const cancel = timers.after(patience, () => late.abort());
    try {
      const response = await untimed(fetch)(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...user === "" ? {} : { Authorization: basic(user, password) } },
        body,
        signal: AbortSignal.any([late.signal, this.#given.signal]),
      });
      const text = await response.text();
      const answer = parse(text);
      if (response.ok && answer !== undefined && answer.error === undefined) return toAnswer(answer);
      throw this.#failure(response, answer, text);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      const why = late.signal.aborted ? `it does not answer for ${patience / MILLISECONDS} s` : reason(error);
      throw new StoreError("passing", "ECONNECTION", `Cannot ship to ${name}: ${why}`, { cause: error });
    } finally {
      cancel();
    }
  }

  /** Gives up what is running. */
  close(): void {
    this.#given.abort();
    this.#given = new AbortController();
  }

  #failure({ status, headers }: Response, answer: Answer | undefined, text: string): StoreError {
    const { code, message } = answer?.error ?? {};
    const seconds = Number(headers.get("retry-after") ?? NaN);
    const retryAfter = seconds >= 0 ? seconds * MILLISECONDS : undefined;
    const why = typeof message === "string" ? message : `status ${status}: ${text.slice(0, 200)}`;
    const known = typeof code === "number"
      ? KINDS[code] ?? (code >= 5000 && code < 10_000 ? "passing" : "target")
      : undefined;
    const kind = known ?? (PASSING.includes(status) ? "passing" : "target");
    return new StoreError(kind, String(code ?? status), `Cannot ship to ${this.#options.name}: ${why}`, { retryAfter });
  }
}

interface Answer {
  readonly rows?: unknown;
  readonly rowcount?: unknown;
  readonly results?: unknown;
  readonly error?: { readonly message?: unknown; readonly code?: unknown };
}

function parse(text: string): Answer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function toAnswer({ rows, rowcount, results }: Answer): SqlAnswer {
  return {
    rows: Array.isArray(rows) ? rows : [],
    rowcount: Number(rowcount ?? -1),
    results: Array.isArray(results) ? results : [],
  };
}

/** The header of HTTP's basic authentication, in UTF-8. */
function basic(user: string, password: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${password}`)))}`;
}
