import { assertEquals } from "@std/assert";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { MonitorStatus } from "../../../mod.ts";
import { commandOf, type RuntimeName } from "./run.ts";
import { ControlledProgram, type ControlledState } from "./controlled_program.ts";

/** State that `tests/support/programs/recorder.ts` reports. */
export interface RecorderState extends ControlledState {
  readonly durability?: string;
  readonly capabilities: MonitorStatus["capabilities"];
  readonly recovered: number;
  readonly monitoringDir: string;
  /** Number of file descriptors, mappings, timers and exit listeners. */
  readonly held: Readonly<Record<string, number>>;
  /** Resident set size, bytes. */
  readonly rss: number;
}

/** Longer than any retry takes, ms. */
export const PATIENCE = 10_000;

/**
 * Asserts that the counts add up, and that `rows`, the number of rows in files, is the flushed
 * count.
 */
export function assertConserved({ recorded, flushed, buffered, dropped }: RecorderState, rows: number): void {
  assertEquals(recorded, flushed + buffered + dropped);
  assertEquals(rows, flushed);
}

/** Names in a directory that are not published files of durations. */
export function otherNames(directory: string): string[] {
  return readdirSync(directory).filter((name) => !/^(duration\..*csv|program\..*json)$/.test(name));
}

/** Starts and controls `tests/support/programs/recorder.ts`. */
export class RecorderController extends ControlledProgram<RecorderState> {
  /** `wrapper` is a command that runs the rest of its arguments. */
  constructor(runtime: RuntimeName, wrapper: readonly string[] = []) {
    const fixture = fileURLToPath(new URL("../programs/recorder.ts", import.meta.url));
    super([...wrapper, ...commandOf(runtime, fixture)]);
  }

  /** Sends a command and waits for the answer. */
  send(command: string, argument: string | number | object = ""): Promise<RecorderState> {
    const text = typeof argument === "object" ? JSON.stringify(argument) : String(argument);
    return this.sendLine(`${command} ${text}`);
  }
}
