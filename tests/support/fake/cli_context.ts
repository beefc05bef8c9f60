import type { CliContext, Output } from "../../../src/cli/context.ts";
import { FakeRuntime } from "./runtime.ts";
import type { RecoverySummary } from "../../../src/files/recovery.ts";

/** A stream that keeps what is written to it. */
export interface FakeOutput extends Output {
  /** All that was written. */
  text: string;
}

/** A stream; no terminal unless that is said. */
export function fakeOutput(properties: Partial<Output> = {}): FakeOutput {
  const output: FakeOutput = {
    text: "",
    isTerminal: false,
    hasColors: false,
    columns: undefined,
    rows: undefined,
    isGone: false,
    write: (text) => void (output.text += text),
    ...properties,
  };
  return output;
}

/** A world where every path is a directory, in which there is nothing to recover. */
export function fakeCliContext<Properties extends Partial<CliContext>>(properties: Properties) {
  return {
    version: "1.2.3",
    stdout: fakeOutput(),
    stderr: fakeOutput(),
    now: () => 0,
    look: () => "directory" as const,
    recover: () => Promise.resolve(summaryOf({})),
    runtime: new FakeRuntime(),
    writeFile: () => {},
    onInterrupt: () => () => {},
    ...properties,
  };
}

/** The summary of a recovery that found nothing, but for what is given. */
export function summaryOf(properties: Partial<RecoverySummary>): RecoverySummary {
  return { spools: 0, rows: 0, damaged: 0, alive: 0, failures: [], ...properties };
}
