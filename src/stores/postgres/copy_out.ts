import type { Connection } from "pg";

/** Bytes of rows that are handed on at once. A larger row comes alone. */
const BLOCK_BYTES = 2 ** 20;

/** Blocks that may wait before the server is made to. */
const MAX_WAITING = 2;

const LINE_FEED = 0x0a;

/** Some rows of CSV, each ended by a line feed. */
export interface RowBlock {
  readonly bytes: Uint8Array;
  readonly rows: number;
  /** Whether fields hold line feeds. */
  readonly lineFeeds: boolean;
}

/** The parts of `pg`'s connection that a COPY needs. */
interface CopyConnection {
  readonly stream: { pause(): void; resume(): void };
  query(text: string): void;
}

/**
 * `COPY … TO STDOUT (FORMAT csv)` as a query of `pg`, whose `submit` and `handle…` methods `pg`
 * calls. The server sends each row as one message. While nobody takes the blocks, the socket is not
 * read, so that the server waits.
 */
export class CopyOut {
  /** Called by `pg` when the query has ended, also if the connection is lost. */
  callback: (error: Error | null) => void;
  readonly #text: string;
  readonly #full: RowBlock[] = [];
  #stream: CopyConnection["stream"] | undefined;
  #block = new Uint8Array(BLOCK_BYTES);
  #length = 0;
  #rows = 0;
  #lineFeeds = false;
  #error: Error | undefined;
  #hasEnded = false;
  #isPaused = false;
  /** Called when there is a block, or the end. */
  #wake = (): void => {};

  /** Does nothing before it is given to `client.query`. */
  constructor(text: string) {
    this.#text = text;
    this.callback = (error) => {
      if (this.#hasEnded) return;
      this.#error ??= error ?? undefined;
      this.#hasEnded = true;
      this.#close();
      this.#wake();
    };
  }

  /** The next rows; `undefined` after the last. Throws what the server or the connection has said. */
  async next(): Promise<RowBlock | undefined> {
    while (this.#full.length === 0 && !this.#hasEnded) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    if (this.#error !== undefined) throw this.#error;
    const block = this.#full.shift();
    if (this.#isPaused && this.#full.length < MAX_WAITING) {
      this.#isPaused = false;
      this.#stream?.resume();
    }
    return block;
  }

  submit(connection: Connection): void {
    const { stream } = connection as unknown as CopyConnection;
    this.#stream = stream;
    (connection as unknown as CopyConnection).query(this.#text);
  }

  /** `chunk` is a view of bytes that will be overwritten. */
  handleCopyData({ chunk }: { readonly chunk: Uint8Array }): void {
    if (this.#length + chunk.length > this.#block.length) this.#close();
    if (chunk.length > this.#block.length) this.#block = new Uint8Array(chunk.length);
    this.#block.set(chunk, this.#length);
    this.#length += chunk.length;
    this.#rows++;
    if (chunk.indexOf(LINE_FEED) < chunk.length - 1) this.#lineFeeds = true;
  }

  /** The rest still comes: it is read and ignored. */
  handleError(error: Error): void {
    this.callback(error);
  }

  handleReadyForQuery(): void {
    this.callback(null);
  }

  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}

  /** Hands on the block that is being filled. */
  #close(): void {
    if (this.#rows === 0) return;
    this.#full.push({ bytes: this.#block.subarray(0, this.#length), rows: this.#rows, lineFeeds: this.#lineFeeds });
    this.#block = new Uint8Array(BLOCK_BYTES);
    this.#length = 0;
    this.#rows = 0;
    this.#lineFeeds = false;
    if (this.#full.length >= MAX_WAITING && !this.#isPaused && !this.#hasEnded) {
      this.#isPaused = true;
      this.#stream?.pause();
    }
    this.#wake();
  }
}
