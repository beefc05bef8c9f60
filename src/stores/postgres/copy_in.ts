import type { Connection } from "pg";

/** Bytes of CSV in a message. */
const MESSAGE_BYTES = 64 * 1024;

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
    readonly writableNeedDrain: boolean;
    write(bytes: Uint8Array): void;
    once(event: "drain" | "close", listener: () => void): void;
    off(event: "drain" | "close", listener: () => void): void;
  };
  query(text: string): void;
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
  readonly #isAlive: () => void;
  #count = -1;
  #error: Error | undefined;
  #hasEnded = false;

  /** Does nothing before it is given to `client.query`. `isAlive` is called when the server has read something. */
  constructor(text: string, chunks: readonly Uint8Array[], isAlive: () => void) {
    this.#text = text;
    this.#chunks = chunks;
    this.#isAlive = isAlive;
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
    const message = new Uint8Array(HEADER_BYTES + MESSAGE_BYTES);
    for (const length of this.#fill(message)) {
      if (this.#error !== undefined || this.#hasEnded) return;
      stream.write(withHeader(COPY_DATA, message.slice(0, HEADER_BYTES + length)));
      if (!stream.writableNeedDrain) continue;
      await drained(stream);
      this.#isAlive();
    }
    if (this.#error === undefined && !this.#hasEnded) stream.write(withHeader(COPY_DONE, new Uint8Array(HEADER_BYTES)));
  }

  /** Fills a message with the next bytes, again and again; yields how many there are. */
  *#fill(message: Uint8Array): Generator<number, void> {
    let length = 0;
    for (const bytes of this.#chunks) {
      for (let at = 0; at < bytes.length;) {
        const some = bytes.subarray(at, at + MESSAGE_BYTES - length);
        message.set(some, HEADER_BYTES + length);
        length += some.length;
        at += some.length;
        if (length < MESSAGE_BYTES) continue;
        yield length;
        length = 0;
      }
    }
    if (length > 0) yield length;
  }
}

/** Writes the letter of a message, and its length without that. */
function withHeader(letter: number, message: Uint8Array<ArrayBuffer>): Uint8Array {
  message[0] = letter;
  new DataView(message.buffer).setUint32(1, message.length - 1);
  return message;
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
