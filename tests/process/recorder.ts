import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { commandOf, type Ended, type RuntimeName, spawnCommand, type Spawned } from "./run.ts";

/** What `fixtures/hard_recorder.ts` answers. */
export interface RecorderState {
  readonly running: boolean;
  readonly monitoringDir: string;
  readonly recorded: number;
  readonly flushed: number;
  readonly buffered: number;
  readonly dropped: number;
  readonly errors: number;
  readonly lastError?: string;
  /** What the command threw. */
  readonly thrown?: { readonly name: string; readonly message: string };
  /** How many file descriptors, timers and listeners of the ends of the process there are. */
  readonly held: Readonly<Record<string, number>>;
}

/** A program that records what it is told to, in a process of its own. */
export class Recorder {
  readonly pid: number;
  readonly #process: Spawned;
  readonly #answers: AsyncIterator<string>;

  /** `wrapper` is a command that runs the rest of its arguments. */
  constructor(runtime: RuntimeName, wrapper: readonly string[] = []) {
    const fixture = fileURLToPath(new URL("./fixtures/hard_recorder.ts", import.meta.url));
    this.#process = spawnCommand([...wrapper, ...commandOf(runtime, fixture)]);
    const { child } = this.#process;
    this.pid = child.pid!;
    const lines: Interface = createInterface({ input: child.stdout });
    this.#answers = lines[Symbol.asyncIterator]();
  }

  /** Gives a command and waits for the answer. */
  async tell(command: string, argument: string | number | object = ""): Promise<RecorderState> {
    const text = typeof argument === "object" ? JSON.stringify(argument) : String(argument);
    this.#process.child.stdin.write(`${command} ${text}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`it ended at ${command}: ${JSON.stringify(await this.#process.ended)}`);
    return JSON.parse(value);
  }

  /** Lets it end. */
  async end(): Promise<Ended> {
    this.#process.child.stdin.end();
    return await this.#process.ended;
  }
}
