import type { Connection } from "pg";

/** Bytes of rows in a message, but for the last one of a chunk. */
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
const COPY_FAIL = 0x66;
const HEADER_BYTES = 5;

/**
 * The parts of `pg`'s connection that a COPY needs. Messages are made here, since `pg` takes only the
 * buffers of one runtime.
 */
interface CopyConnection {
  readonly stream: CopySocket;
  query(text: string): void;
}

interface CopySocket {
  readonly writableLength: number;
  write(bytes: Uint8Array, flushed?: () => void): void;
  once(event: "drain" | "close", listener: () => void): void;
  off(event: "drain" | "close", listener: () => void): void;
}

/** Who wants to know how far the sending of rows is. */
export interface CopyListeners {
  /** Called when the server has read something. */
  readonly isAlive: () => void;
  /** Called once all rows are given to the socket. */
  readonly onSent: () => void;
}

/**
 * `COPY … FROM STDIN` as a query of `pg`, whose `submit` and `handle…` methods `pg` calls. Rows may be
 * sent as long as it is not ended.
 */
export class CopyIn {
  /** Called by `pg` when the query has ended, also if the connection is lost. */
  callback: (error: Error | null) => void;
  readonly #text: string;
  /** The number of rows that the server says it has taken; fails as soon as the server refuses. */
  readonly #rows = Promise.withResolvers<number>();
  /** Given once the server waits for rows. */
  readonly #socket = Promise.withResolvers<CopySocket>();
  #count = -1;
  #error: Error | undefined;
  #hasEnded = false;

  /** Does nothing before it is given to `client.query`. */
  constructor(text: string) {
    this.#text = text;
    for (const { promise } of [this.#rows, this.#socket]) promise.catch(() => {}); // perhaps nobody waits for it
    this.callback = (error) => {
      this.#hasEnded = true;
      if (error) {
        this.#rows.reject(error);
        this.#socket.reject(error);
      } else this.#rows.resolve(this.#count);
    };
  }

  /**
   * Sends rows. Resolves once the system has all of them: their memory may be used again.
   *
   * @throws if the server has refused something.
   */
  async send(chunks: readonly Uint8Array[], { isAlive, onSent }: CopyListeners): Promise<void> {
    const socket = await this.#socket.promise;
    let last = Promise.resolve();
    for (const bytes of joined(chunks)) {
      for (let at = 0; at < bytes.length; at += MESSAGE_BYTES) {
        if (this.#hasEnded) return void await this.#rows.promise;
        const some = bytes.subarray(at, at + MESSAGE_BYTES);
        const { promise, resolve } = Promise.withResolvers<void>();
        socket.write(messageHead(COPY_DATA, some.length));
        socket.write(some, () => {
          isAlive();
          resolve();
        });
        last = promise;
        if (socket.writableLength > MOST_WAITING) await this.#unlessEnded(drained(socket));
      }
    }
    onSent();
    await this.#unlessEnded(last);
  }

  /**
   * All rows were sent. Resolves with the number of those that the server says it has taken.
   *
   * @throws if the server has refused something.
   */
  async end(): Promise<number> {
    const socket = await this.#socket.promise;
    if (!this.#hasEnded) socket.write(messageHead(COPY_DONE, 0));
    return await this.#rows.promise;
  }

  /** Gives it up. Resolves once the server knows of it, or has refused something before. */
  async giveUp(): Promise<void> {
    try {
      const socket = await this.#socket.promise;
      const reason = new Uint8Array(1); // none, ended by 0
      if (!this.#hasEnded) {
        socket.write(messageHead(COPY_FAIL, reason.length));
        socket.write(reason);
      }
      await this.#rows.promise;
    } catch {
      // That is the answer.
    }
  }

  submit(connection: Connection): void {
    (connection as unknown as CopyConnection).query(this.#text);
  }

  handleCopyInResponse(connection: Connection): void {
    this.#socket.resolve((connection as unknown as CopyConnection).stream);
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

  /** Waits, but not if the server has refused something, or the connection is lost. */
  async #unlessEnded(work: Promise<void>): Promise<void> {
    await Promise.race([work, this.#rows.promise]);
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
async function drained(socket: CopySocket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("drain", resolve);
  socket.once("close", resolve);
  await promise;
  socket.off("drain", resolve);
  socket.off("close", resolve);
}
