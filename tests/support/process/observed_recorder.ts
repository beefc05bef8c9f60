import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import type { StartOptions } from "../../../mod.ts";
import { commandOf, type RuntimeName } from "./run.ts";
import { ControlledProgram, type ControlledState } from "./controlled_program.ts";
import { readNumbers } from "./recorded_numbers.ts";

/** What `tests/support/programs/observed_recorder.ts` answers. */
export interface ObservedState extends ControlledState {
  readonly durability: string;
  /** All that `onError` was told. */
  readonly reports: readonly string[];
  /** The names below the monitoring directory, the hidden ones too, with the sizes of the files. */
  readonly files: Readonly<Record<string, number>>;
}

/**
 * That the books balance, and that as many numbers are in the files as are said to be there, none
 * of them twice.
 */
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

/** A program that records numbers as it is told to, and tells everything about it. */
export class ObservedRecorder extends ControlledProgram<ObservedState> {
  /** `wrapper` is a command that runs the rest of its arguments, in the end in its own place. */
  constructor(runtime: RuntimeName, wrapper: readonly string[] = []) {
    const fixture = fileURLToPath(new URL("../programs/observed_recorder.ts", import.meta.url));
    super([...wrapper, ...commandOf(runtime, fixture)]);
  }

  /** Gives a command and waits for the answer. */
  tell<C extends keyof Commands>(command: C, argument?: Commands[C]): Promise<ObservedState> {
    return this.say(JSON.stringify([command, argument]));
  }
}
