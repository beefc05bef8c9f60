import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { assertEquals } from "@std/assert";
import type { MonitorStatus } from "../../../mod.ts";
import { type RuntimeName, type Spawned, spawnOn } from "./run.ts";

/** Longest wait for something that a service counts, ms. */
const PATIENCE = 30_000;

/**
 * A recorded service in its own process, which ends with the block.
 *
 * The program prints a line when it listens, and then answers each line of its input with a line:
 * at least `recorded` with the number of samples, and `stop`, which ends it, with the final status.
 */
export class RecordedService implements AsyncDisposable {
  /** The first line that it printed. */
  readonly greeting: string;
  readonly #process: Spawned;
  readonly #lines: AsyncIterator<string>;

  private constructor(process: Spawned, lines: AsyncIterator<string>, greeting: string) {
    this.#process = process;
    this.#lines = lines;
    this.greeting = greeting;
  }

  /** Starts a program and waits until it listens. */
  static async start(
    runtime: RuntimeName,
    program: string,
    args: readonly string[],
    options: Parameters<typeof spawnOn>[3] = {},
  ): Promise<RecordedService> {
    const process = spawnOn(runtime, program, args, options);
    const lines = createInterface({ input: process.child.stdout })[Symbol.asyncIterator]();
    return new RecordedService(process, lines, await nextLine(process, lines));
  }

  /** Sends a command and returns the answer. */
  async tell(command: string): Promise<string> {
    this.#process.child.stdin.write(`${command}\n`);
    return await nextLine(this.#process, this.#lines);
  }

  /** Waits until a number that the service tells is `count`. Throws if it is more. */
  async counts(what: string, count: number): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      const seen = Number(await this.tell(what));
      if (seen === count) return;
      if (!(seen < count) || Date.now() > deadline) throw new Error(`${what}: ${seen}, not ${count}`);
      await sleep(5);
    }
  }

  /**
   * Stops the service once `count` samples are recorded, and asserts that all are in files and that
   * it ends well. Returns its standard error.
   */
  async stop(count: number): Promise<string> {
    await this.counts("recorded", count);
    const status: MonitorStatus = JSON.parse(await this.tell("stop"));
    const { recorded, flushed, dropped, errors, invalidSamples } = status;
    assertEquals(
      { recorded, flushed, dropped, errors, invalidSamples },
      { recorded: count, flushed: count, dropped: 0, errors: 0, invalidSamples: 0 },
    );
    const { code, stderr } = await this.#process.ended;
    assertEquals(code, 0, stderr);
    return stderr;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.ended;
  }
}

async function nextLine(process: Spawned, lines: AsyncIterator<string>): Promise<string> {
  const { value, done } = await lines.next();
  if (done) throw new Error(`the service has ended: ${JSON.stringify(await process.ended)}`);
  return value;
}
