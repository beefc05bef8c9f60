import { assertEquals } from "@std/assert";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { StartOptions } from "../../../mod.ts";
import { commandOf, type Ended, type RuntimeName, spawnCommand, type Spawned } from "../run.ts";
import { readNumbers } from "./numbers.ts";

/** What `fixtures/observed_recorder.ts` answers. */
export interface ObservedState {
  readonly running: boolean;
  readonly durability: string;
  readonly recorded: number;
  readonly flushed: number;
  readonly buffered: number;
  readonly dropped: number;
  readonly errors: number;
  readonly lastError?: string;
  /** What the command threw. */
  readonly thrown?: { readonly name: string; readonly message: string };
  /** All that `onError` was told. */
  readonly reports: readonly string[];
  /** The names below the monitoring directory, the hidden ones too, with the sizes of the files. */
  readonly files: Readonly<Record<string, number>>;
}

/** That the books balance, and that as many numbers are in the files as are said to be there, none of them twice. */
export function assertBooks({ recorded, flushed, buffered, dropped }: ObservedState, directory: string): void {
  assertEquals(recorded, flushed + buffered + dropped);
  const numbers = readNumbers(directory);
  assertEquals({ rows: numbers.length, different: new Set(numbers).size }, { rows: flushed, different: flushed });
}

/** The commands of the fixture. */
interface Commands {
  start: StartOptions;
  number: number;
  settle: number;
  flush: number;
  fail: number;
  stop: undefined;
  status: undefined;
}

/** A program that records numbers as it is told to, and tells everything about it. Goes with the block. */
export class ObservedRecorder implements AsyncDisposable {
  readonly pid: number;
  readonly #process: Spawned;
  readonly #answers: AsyncIterator<string>;

  /** `wrapper` is a command that runs the rest of its arguments, in the end in its own place. */
  constructor(runtime: RuntimeName, wrapper: readonly string[] = []) {
    const fixture = fileURLToPath(new URL("./fixtures/observed_recorder.ts", import.meta.url));
    this.#process = spawnCommand([...wrapper, ...commandOf(runtime, fixture)]);
    const { child } = this.#process;
    this.pid = child.pid!;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Gives a command and waits for the answer. */
  async tell<C extends keyof Commands>(command: C, argument?: Commands[C]): Promise<ObservedState> {
    this.#process.child.stdin.write(`${JSON.stringify([command, argument])}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`it ended at ${command}: ${JSON.stringify(await this.#process.ended)}`);
    return JSON.parse(value);
  }

  /** Lets it end, and sees that it does so by itself, quietly. */
  async end(): Promise<void> {
    this.#process.child.stdin.end();
    const { code, signal, stderr } = await this.#process.ended;
    assertEquals({ code, signal, stderr }, { code: 0, signal: null, stderr: "" });
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
