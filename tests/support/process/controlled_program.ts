import { assertEquals } from "@std/assert";
import { createInterface } from "node:readline";
import type { ChannelCounts } from "../../../mod.ts";
import { type Ended, spawnCommand, type Spawned } from "./run.ts";

/** What a recorder tells of its monitor. */
export interface ReportedCounts extends ChannelCounts {
  readonly errors: number;
  readonly lastError?: string;
}

/** What a recorder that is told what to do tells of its monitor. */
export interface ControlledState extends ReportedCounts {
  readonly running: boolean;
  /** What the command threw. */
  readonly thrown?: { readonly name: string; readonly message: string };
}

/**
 * A program that does what it is told, a line each, and answers every line with its state as a line
 * of JSON. Goes with the block.
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

  /** Gives it a line and waits for the answer. */
  async say(line: string): Promise<State> {
    this.#process.child.stdin.write(`${line}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`it ended at ${line}: ${JSON.stringify(await this.#process.ended)}`);
    return JSON.parse(value);
  }

  /**
   * Lets it end, and sees that it does so by itself, quietly; or by the signal that something else
   * may end it by.
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

  /** Resolves once it has ended. */
  get ended(): Promise<Ended> {
    return this.#process.ended;
  }

  /** Kills it, should it still run. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.ended;
  }
}
