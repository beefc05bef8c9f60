import { assertEquals } from "@std/assert";
import { createInterface } from "node:readline";
import type { ChannelCounts } from "../../../mod.ts";
import { type Ended, spawnCommand, type Spawned } from "./run.ts";

/** Counts that a recorder reports of its monitor. */
export interface ReportedCounts extends ChannelCounts {
  readonly errors: number;
  readonly lastError?: string;
}

/** State that a controlled recorder reports of its monitor. */
export interface ControlledState extends ReportedCounts {
  readonly running: boolean;
  /** The error that the command threw. */
  readonly thrown?: { readonly name: string; readonly code?: string; readonly message: string };
}

/**
 * A program that executes one command per line of its input, and answers each with its state as a
 * line of JSON. Disposing kills it.
 */
export class ControlledProgram<State> implements AsyncDisposable {
  readonly pid: number;
  readonly #process: Spawned;
  readonly #answers: AsyncIterator<string>;

  /** Starts a command. */
  constructor(command: readonly string[]) {
    this.#process = spawnCommand(command);
    const { child } = this.#process;
    this.pid = child.pid!;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Sends a command and waits for the answer. */
  async sendLine(line: string): Promise<State> {
    this.#process.child.stdin.write(`${line}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`it ended at ${line}: ${JSON.stringify(await this.#process.ended)}`);
    return JSON.parse(value);
  }

  /**
   * Ends its input. Asserts that it exits with code 0 and no output on stderr, or by the signal
   * `orBy`.
   */
  async end(orBy?: NodeJS.Signals): Promise<void> {
    this.#process.child.stdin.end();
    const { code, signal, stderr } = await this.#process.ended;
    const expected = orBy !== undefined && signal === orBy ? { code: null, signal: orBy } : { code: 0, signal: null };
    assertEquals({ code, signal, stderr }, { ...expected, stderr: "" });
  }

  /** Sends it a signal. */
  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Resolves once it has exited. */
  get ended(): Promise<Ended> {
    return this.#process.ended;
  }

  /** Kills it if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.ended;
  }
}
