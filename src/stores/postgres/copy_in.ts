import type { Connection } from "pg";

/** Bytes of CSV in a message, but for the last one of a chunk. */
const MESSAGE_BYTES = 256 * 1024;

/** Chunks of fewer bytes are put together: each write is a system call. */
const SMALL = 16 * 1024;

/**
 * Bytes that may wait in the process for the socket. While the next batch is being read the event loop
 * seldom turns, and the server should not run out of rows: then the buffers of the system are full.
 */
const MOST_WAITING = 4 * 2 ** 20;

/** The messages CopyData, CopyDone and CopyFail of the protocol, version 3.0: a letter and the length. */
const COPY_DATA = 0x64;
const COPY_DONE = 0x63;
const HEADER_BYTES = 5;

/**
 * The parts of `pg`'s connection that a COPY needs. Messages are made here, since `pg` takes only the
 * buffers of one runtime.
 */
interface CopyConnection {
  readonly stream: {
    readonly writableLength: number;
    write(bytes: Uint8Array, flushed?: () => void): void;
    once(event: "drain" | "close", listener: () => void): void;
    off(event: "drain" | "close", listener: () => void): void;
  };
  query(text: string): void;
}

/** Who wants to know how far a COPY is. */
export interface CopyListeners {
  /** Called when the server has read something. */
  readonly isAlive: () => void;
  /** Called once all rows are given to the socket. */
  readonly onSent: () => void;
}

/**
 * `COPY … FROM STDIN` as a query of `pg`, whose `submit` and `handle…` methods `pg` calls. Resolves
 * with the number of rows that the server says it has taken.
 */
export class CopyIn {
  /** Called by `pg` when the query has ended, also if the connection is lost. */
  callback: (error: Error | null) => void;
  /** The number of rows. */
  readonly rows: Promise<number>;
  readonly #text: string;
  readonly #chunks: readonly Uint8Array[];
  readonly #listeners: CopyListeners;
  #count = -1;
  #error: Error | undefined;
  #hasEnded = false;

  /** Does nothing before it is given to `client.query`. */
  constructor(text: string, chunks: readonly Uint8Array[], listeners: CopyListeners) {
    this.#text = text;
    this.#chunks = chunks;
    this.#listeners = listeners;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.rows = promise;
    promise.catch(() => {}); // it may end before anybody waits for it
    this.callback = (error) => {
      this.#hasEnded = true;
      if (error) reject(error);
      else resolve(this.#count);
    };
  }

  submit(connection: Connection): void {
    (connection as unknown as CopyConnection).query(this.#text);
  }

  handleCopyInResponse(connection: Connection): void {
    void this.#send(connection as unknown as CopyConnection);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#count = Number(/^COPY (\d+)$/.exec(text)?.[1] ?? -1);
  }

  /** The server refuses: what is still being sent, it reads and ignores. */
  handleError(error: Error): void {
    this.#error ??= error;
    if (this.#hasEnded) return;
    this.callback(error);
  }

  handleReadyForQuery(): void {
    if (!this.#hasEnded) this.callback(this.#error ?? null);
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}

  async #send({ stream }: CopyConnection): Promise<void> {
    const { isAlive, onSent } = this.#listeners;
    for (const bytes of joined(this.#chunks)) {
      for (let at = 0; at < bytes.length; at += MESSAGE_BYTES) {
        if (this.#error !== undefined || this.#hasEnded) return;
        const some = bytes.subarray(at, at + MESSAGE_BYTES);
        stream.write(messageHead(COPY_DATA, some.length));
        stream.write(some, isAlive);
        if (stream.writableLength > MOST_WAITING) await drained(stream);
      }
    }
    if (this.#error === undefined && !this.#hasEnded) stream.write(messageHead(COPY_DONE, 0));
    onSent();
  }
}

/** The chunks, of which small ones are put together. */
function* joined(chunks: readonly Uint8Array[]): Generator<Uint8Array, void> {
  let block = new Uint8Array();
  let length = 0;
  for (const chunk of chunks) {
    const isSmall = chunk.length < SMALL;
    if (length > 0 && (!isSmall || length + chunk.length > block.length)) {
      yield block.subarray(0, length);
      length = 0;
    }
    if (!isSmall) {
      yield chunk;
      continue;
    }
    if (length === 0) block = new Uint8Array(MESSAGE_BYTES); // the one before may still wait for the socket
    block.set(chunk, length);
    length += chunk.length;
  }
  if (length > 0) yield block.subarray(0, length);
}

/** The head of a message: its letter, and the length without that. */
function messageHead(letter: number, length: number): Uint8Array {
  const head = new Uint8Array(HEADER_BYTES);
  head[0] = letter;
  new DataView(head.buffer).setUint32(1, HEADER_BYTES - 1 + length);
  return head;
}

/** Resolves once the socket takes more, or is closed. */
async function drained(stream: CopyConnection["stream"]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once("drain", resolve);
  stream.once("close", resolve);
  await promise;
  stream.off("drain", resolve);
  stream.off("close", resolve);
}
