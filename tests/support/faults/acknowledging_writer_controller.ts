import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { commandOf, type Ended, type RuntimeName, spawnCommand, type Spawned } from "../process/run.ts";
import type { WriterPlan } from "../programs/acknowledging_writer.ts";

/** Layouts of the files. */
export const LAYOUTS = ["segments", "append"] as const;

/** The numbers that each writer has acknowledged, by its name. */
export type Acknowledged = Map<string, number>;

/** Options of {@linkcode AcknowledgingWriterController}. */
export interface WriterOptions {
  /** A command that runs the rest of its arguments. */
  readonly wrapper?: readonly string[];
  /** Name of the program in `tests/support/programs`. Default `acknowledging_writer.ts`. */
  readonly program?: string;
}

/**
 * Starts and kills a program that records numbers under a name and acknowledges them.
 */
export class AcknowledgingWriterController {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  readonly #process: Spawned;
  #acknowledged = 0;

  constructor(
    runtime: RuntimeName,
    plan: WriterPlan,
    { wrapper = [], program = "acknowledging_writer.ts" }: WriterOptions = {},
  ) {
    const file = fileURLToPath(new URL(`../programs/${program}`, import.meta.url));
    this.#process = spawnCommand([...wrapper, ...commandOf(runtime, file, [JSON.stringify(plan)])]);
    this.pid = this.#process.child.pid!;
    this.ended = this.#process.ended;
    let rest = "";
    this.#process.child.stdout.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      if (lines.length > 0) this.#acknowledged = Number(lines.at(-1));
    });
  }

  /** Acknowledged numbers; complete once it has exited. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Resolves once it has acknowledged a number, or has exited. */
  async hasBegun(): Promise<void> {
    await this.#process.said(/^\d+$/m);
  }

  /** Sends it a signal, if it still runs. */
  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Kills it. Asserts that SIGKILL ended it, and that it had no output on stderr. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.wasKilled();
  }

  /** Waits until it is dead. Asserts that SIGKILL was the cause. */
  async wasKilled(): Promise<void> {
    const { code, signal, stderr } = await this.ended;
    assertEquals({ code, signal, stderr }, { code: null, signal: "SIGKILL", stderr: "" });
  }
}
