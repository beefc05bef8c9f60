import type { CliContext, Output } from "../../../src/cli/context.ts";
import { FakeRuntime } from "./runtime.ts";
import type { RecoverySummary } from "../../../src/files/recovery.ts";

/** An output that keeps its text. */
export interface FakeOutput extends Output {
  /** The text written. */
  text: string;
}

/** An output with these properties, by default not a terminal. */
export function fakeOutput(properties: Partial<Output> = {}): FakeOutput {
  const output: FakeOutput = {
    text: "",
    movesCursor: false,
    hasColors: false,
    columns: undefined,
    rows: undefined,
    isGone: false,
    write: (text) => void (output.text += text),
    ...properties,
  };
  return output;
}

/** A context with these properties; by default every path is a directory without spools. */
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
    serve: () => Promise.resolve(() => Promise.resolve()),
    servePages: () => Promise.resolve({ origin: "http://127.0.0.1:1", close: () => Promise.resolve() }),
    readFile: () => new Uint8Array(),
    network: () => Promise.resolve({ connect: () => ({ write: () => {}, destroy: () => {} }), nextTurn: () => {} }),
    onStop: () => () => {},
    readInput: () => Promise.resolve(""),
    ...properties,
  };
}

/** The summary of a recovery without results, except the given ones. */
export function summaryOf(properties: Partial<RecoverySummary>): RecoverySummary {
  return { spools: 0, rows: 0, damaged: 0, alive: 0, refused: 0, failures: [], ...properties };
}
