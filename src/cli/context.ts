/**
 * What commands get from outside. The entry (`main.ts`) fills in the runtime's parts, tests use
 * fakes.
 *
 * @module
 */

import type { recover } from "../recording/recovery/recover.ts";
import type { Runtime } from "../runtime.ts";

/** What may be written to a stream. */
export interface StreamAbilities {
  /** Whether it obeys the escapes that move the cursor and clear lines. */
  readonly movesCursor: boolean;
  /** Whether colours, and bold and dim text, may be written. */
  readonly hasColors: boolean;
  /** Width in columns; `undefined` if lines may have any length. */
  readonly columns: number | undefined;
  /** Height in lines; `undefined` if there may be any number. */
  readonly rows: number | undefined;
}

/** A stream that text is written to. */
export interface Output extends StreamAbilities {
  /** Whether its reader has closed it. */
  readonly isGone: boolean;
  /** Writes text as it is. */
  write(text: string): void;
}

/** Where something is served. */
export interface ListenAddress {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
}

/** What a scraper is answered. */
export interface MetricsAnswer {
  readonly contentType: string;
  readonly body: string | Uint8Array<ArrayBuffer>;
}

/** What somebody asks for by GET or HEAD. */
export interface PageRequest {
  /** The header `Host`. */
  readonly host: string | undefined;
  readonly path: string;
  /** What follows `?`; empty without it. */
  readonly query: string;
}

/** What is answered. */
export interface PageAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The text, or what goes on sending some until its reader is gone. */
  readonly body: string | Streaming;
}

/** Begins to send text. Returns a function that is called once when its reader is gone. */
export type Streaming = (stream: TextStream) => () => void;

/** Text that is sent bit by bit. */
export interface TextStream {
  /** Sends text. One that does not read what it is sent loses its connection. */
  write(text: string): void;
}

/** Pages that are served. */
export interface ServedPages {
  /** Where they are, such as `http://127.0.0.1:41234`. */
  readonly origin: string;
  /** Ends it, with all connections. */
  close(): Promise<void>;
}

/** Where a connection leads. */
export interface ConnectAddress {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** With TLS. `verify`: whether a certificate that nobody vouches for ends the connection. */
  readonly tls?: { readonly verify: boolean };
}

/** Is told what comes of a connection. */
export interface ConnectionListener {
  /** Bytes came. They may be overwritten when this returns. */
  data(bytes: Uint8Array): void;
  /**
   * It is over, and nothing follows. `error` is there if it was not ended in order: a code such as
   * `ECONNREFUSED`, or a message.
   */
  closed(error: string | undefined): void;
}

/** A connection that is being opened, or is open. */
export interface Connection {
  /** Sends bytes, at once if it is open. */
  write(bytes: Uint8Array): void;
  /** Ends it. Its listener may still be told that it is over. */
  destroy(): void;
}

/** What sends load: connections, and the event loop's turns. */
export interface Network {
  /** Begins to open a connection. Does not throw. */
  connect(address: ConnectAddress, listener: ConnectionListener): Connection;
  /** Calls `task` in the next turn of the event loop, after what has come in. Keeps the program alive. */
  nextTurn(task: () => void): void;
}

/** Lines that somebody types at a terminal, with a history of them. */
export interface TypedLines {
  /** Shows a prompt, at which the next line is typed. */
  prompt(text: string): void;
  /** Ends it, and restores the terminal. */
  close(): void;
}

/** Is told what is typed. */
export interface LineListener {
  /** A line was entered. */
  line(text: string): void;
  /** Ctrl-C was pressed. What was typed of the line is gone. */
  interrupt(): void;
  /** Ctrl-D was pressed on an empty line, or the terminal is gone. */
  end(): void;
}

/** What commands use of the process, the runtime and the recorder. */
export interface CliContext {
  /** The version of Kymo. */
  readonly version: string;
  /** For results. */
  readonly stdout: Output;
  /** For errors and progress. */
  readonly stderr: Output;
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** The kind of file at a path. Throws `KymoError` if the path cannot be examined. */
  look(path: string): "directory" | "nothing" | "something else";
  /** Publishes the rows that dead programs left in a monitoring directory. */
  readonly recover: typeof recover;
  /** Files, clock and timers of the runtime. */
  readonly runtime: Runtime;
  /**
   * Writes text to a file, which then has the whole text or is as it was; a device or a pipe is
   * written directly. Throws `KymoError` if it fails.
   */
  writeFile(path: string, text: string): void;
  /**
   * Serves what `answer` returns at `/metrics`, and nothing else. `accept` is what the scraper asks for.
   * Returns a function that ends it. Throws `KymoError` if the address cannot be had.
   */
  serve(address: ListenAddress, answer: (accept: string | undefined) => MetricsAnswer): Promise<() => Promise<void>>;
  /**
   * Serves pages. `answer` does not throw. Throws `KymoError` if the address cannot be had.
   */
  servePages(address: ListenAddress, answer: (request: PageRequest) => Promise<PageAnswer>): Promise<ServedPages>;
  /** The bytes of a file. Throws `KymoError` if it cannot be read. */
  readFile(path: string): Uint8Array;
  /** Connections, loaded when they are first asked for. */
  network(): Promise<Network>;
  /**
   * Calls `listener` once on SIGINT, which then does not end the program. Returns a function that
   * removes the listener.
   */
  onInterrupt(listener: () => void): () => void;
  /**
   * Calls `listener` once on SIGINT or SIGTERM, which then does not end the program; a second signal
   * does. Returns a function that removes the listener.
   */
  onStop(listener: () => void): () => void;
  /**
   * Calls `listener` with the keys pressed, which are not echoed. Returns a function that restores
   * the terminal. Absent without a keyboard.
   */
  onKeys?(listener: (keys: string) => void): () => void;
  /**
   * Lets somebody type lines. Absent without a terminal to type at and to write to.
   */
  typeLines?(listener: LineListener): Promise<TypedLines>;
  /** The text of the standard input, up to its end. */
  readInput(): Promise<string>;
}
