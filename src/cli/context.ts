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
}
