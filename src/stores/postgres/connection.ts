import type { Client } from "pg";
import { absent, loadPackage } from "../../optional_package.ts";
import type { Timers } from "../../runtime.ts";
import { StoreError } from "../store_error.ts";
import { CopyIn } from "./copy_in.ts";
import { CopyOut, type RowBlock } from "./copy_out.ts";
import { storeErrorOf } from "./failures.ts";

/** ms for which the server may take leave. */
const PARTING = 1_000;

/** A row of a result. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** How to connect. */
export interface ConnectionOptions {
  /** The address, with the password. */
  readonly url: string;
  /** The address without it, for messages. */
  readonly name: string;
  /** ms after which an answer that has not come never will. */
  readonly patience: number;
  /** Ends it at once, also while it is connecting. */
  readonly signal?: AbortSignal;
  readonly timers: Timers;
  /** For the advice of how to install the package. */
  readonly runtimeName: string;
  /** What it is for, for messages, as in `"ship to"`. */
  readonly action: string;
  /** What the server calls the client. */
  readonly application: string;
}

/** The parts of `pg`'s socket that are used. */
interface ClientStream {
  destroy(): void;
  once(event: "finish", listener: () => void): void;
}

/** Rows on their way into a table. */
export interface RowCopy {
  /**
   * Sends rows. Resolves once their memory may be used again; that may take any time, as long as the server
   * goes on reading. `onSent` is called as soon as nothing but the network is waited for.
   *
   * @throws {StoreError}
   */
  send(chunks: readonly Uint8Array[], onSent?: () => void): Promise<void>;
  /**
   * Resolves with the number of rows that the server says it has taken.
   *
   * @throws {StoreError}
   */
  end(): Promise<number>;
  /**
   * Gives it up.
   *
   * @throws {StoreError} if the server does not answer.
   */
  giveUp(): Promise<void>;
}

/** A connection to PostgreSQL through the optional package `pg`. */
export class Connection {
  readonly #client: Client;
  readonly #options: ConnectionOptions;
  #lost: unknown;
  /** Questions that are not answered yet. */
  #open = 0;

  private constructor(client: Client, options: ConnectionOptions) {
    this.#client = client;
    this.#options = options;
    // Between two queries nobody else would hear of it.
    client.on("error", (error) => this.#lost ??= error);
    client.on("end", () => this.#lost ??= new Error("the connection has ended"));
    options.signal?.addEventListener("abort", () => this.#destroy(), { once: true });
  }

  /** Whether it is known to have ended. */
  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /**
   * Connects.
   *
   * @throws {KymoError} `"missing-package"` without `pg`.
   * @throws {StoreError}
   */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const { url, runtimeName, action, application } = options;
    const { default: pg } = await loadPackage(
      "pg",
      `${action} PostgreSQL`,
      runtimeName,
      () => import("pg").catch(absent),
    );
    const client = new pg.Client({
      connectionString: url,
      keepAlive: true,
      application_name: application,
    });
    const connection = new Connection(client, options);
    try {
      await connection.#answered(() => client.connect());
      return connection;
    } catch (error) {
      await connection.close();
      throw storeErrorOf(error, `Cannot connect to ${options.name}`);
    }
  }

  /**
   * Runs a statement, or without values also several.
   *
   * @throws {StoreError}
   */
  async query(text: string, values?: readonly unknown[]): Promise<SqlRow[]> {
    return await this.#run(async () => {
      const result = await (values === undefined ? this.#client.query(text) : this.#client.query(text, [...values]));
      return Array.isArray(result) ? [] : result.rows;
    });
  }

  /** Begins to copy rows into a table, in the format that `text` tells. Until it is ended nothing else can be asked. */
  copyIn(text: string): RowCopy {
    const copy = new CopyIn(text);
    this.#client.query(copy);
    return {
      send: (chunks, onSent = () => {}) => this.#run((isAlive) => copy.send(chunks, { isAlive, onSent })),
      end: () => this.#run(() => copy.end()),
      giveUp: () => this.#run(() => copy.giveUp()),
    };
  }

  /**
   * Commits.
   *
   * @throws {StoreError} also if the server has rolled back instead, as it does after an error.
   */
  async commit(): Promise<void> {
    const { command } = await this.#run(async () => await this.#client.query("COMMIT"));
    if (command !== "COMMIT") {
      const { action, name } = this.#options;
      throw new StoreError("passing", command, `Cannot ${action} ${name}: COMMIT was answered ${command}`);
    }
  }

  /**
   * Copies rows out, as CSV. Each block of them may take as long as an answer. Who does not take all
   * of them must close the connection.
   *
   * @throws {StoreError}
   */
  async *copyOut(text: string): AsyncGenerator<RowBlock, void> {
    const copy = new CopyOut(text);
    await this.#run(() => {
      this.#client.query(copy);
      return Promise.resolve();
    });
    for (;;) {
      const block = await this.#run(() => copy.next());
      if (block === undefined) return;
      yield block;
    }
  }

  /** Disconnects; what is running is given up. Does not throw. */
  async close(): Promise<void> {
    try {
      const ended = this.#client.end();
      ended.catch(() => {});
      if (this.#open > 0) return; // it would wait for the answer
      const { promise: late, cancel } = this.#after(PARTING);
      // The server's process may take a while to end.
      const told = new Promise<void>((resolve) => this.#stream?.once("finish", resolve));
      await Promise.race([ended, told, late]);
      cancel();
    } catch {
      // It is closed.
    } finally {
      this.#destroy();
    }
  }

  async #run<T>(work: (isAlive: () => void) => Promise<T>): Promise<T> {
    try {
      if (this.#lost !== undefined) throw this.#lost;
      return await this.#answered(work);
    } catch (error) {
      const { action, name } = this.#options;
      throw storeErrorOf(error, `Cannot ${action} ${name}`);
    }
  }

  /**
   * The answer, or a failure if it does not come: `work` calls `isAlive` when there is a sign of life.
   */
  async #answered<T>(work: (isAlive: () => void) => Promise<T>): Promise<T> {
    const { patience, name } = this.#options;
    const { promise: late, reject } = Promise.withResolvers<never>();
    let cancel = (): void => {};
    let isOver = false;
    const isAlive = (): void => {
      cancel();
      if (isOver) return;
      cancel = this.#options.timers.after(patience, () => {
        this.#destroy();
        reject(new StoreError("passing", "ETIMEDOUT", `${name} does not answer for ${patience / 1000} s`));
      });
    };
    isAlive();
    this.#open++;
    try {
      const answer = work(isAlive);
      answer.catch(() => {}); // it may fail when nobody waits for it any more
      return await Promise.race([answer, late]);
    } finally {
      this.#open--;
      isOver = true;
      cancel();
    }
  }

  #after(delay: number): { readonly promise: Promise<void>; readonly cancel: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.timers.after(delay, resolve);
    return { promise, cancel };
  }

  get #stream(): ClientStream | undefined {
    return (this.#client as unknown as { connection?: { stream?: ClientStream } }).connection?.stream;
  }

  #destroy(): void {
    this.#stream?.destroy();
  }
}
