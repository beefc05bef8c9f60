import { fileURLToPath } from "node:url";
import type { StartOptions } from "../../../mod.ts";
import { commandOf, type RuntimeName } from "./run.ts";
import { ControlledProgram, type ControlledState } from "./controlled_program.ts";

/** State that `tests/support/programs/observed_recorder.ts` reports. */
export interface ObservedState extends ControlledState {
  readonly durability: string;
  /** Messages of all errors passed to `onError`. */
  readonly reports: readonly string[];
  /** The names below the monitoring directory, the hidden ones too, with the sizes of the files. */
  readonly files: Readonly<Record<string, number>>;
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

/**
 * Starts and controls `tests/support/programs/observed_recorder.ts`, which records numbers, and
 * reports its state, its errors and its files.
 */
export class ObservedRecorderController extends ControlledProgram<ObservedState> {
  /** `wrapper` is a command that runs the rest of its arguments, in the end in its own place. */
  constructor(runtime: RuntimeName, wrapper: readonly string[] = []) {
    const fixture = fileURLToPath(new URL("../programs/observed_recorder.ts", import.meta.url));
    super([...wrapper, ...commandOf(runtime, fixture)]);
  }

  /** Sends a command and waits for the answer. */
  send<C extends keyof Commands>(command: C, argument?: Commands[C]): Promise<ObservedState> {
    return this.sendLine(JSON.stringify([command, argument]));
  }
}
