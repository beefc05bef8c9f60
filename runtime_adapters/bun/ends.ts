import type { Ends } from "../../src/runtime.ts";
import { builtin, nodeProcess } from "../node_api/builtins.ts";
import { endsOf, isOurs, partSignals, type SignalSource } from "../node_api/ends.ts";

/** The part of `process` that is used. */
interface ListeningProcess {
  listeners(event: string): readonly object[];
  prependListener(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
}

/** The ends of this isolate on Bun. A worker's end by `terminate` cannot be seen, nor can a worker see the end of its process. */
export function bunEnds(): Ends {
  return endsOf({ signals: signalSource() });
}

function signalSource(): SignalSource {
  const process = nodeProcess() as unknown as ListeningProcess;
  // Workers hear no signals.
  const { isMainThread } = builtin<{ isMainThread: boolean }>("node:worker_threads");
  return {
    // Having listened, Bun forgets what it was started to ignore (nohup).
    heard: () => isMainThread ? partSignals(readStatus()).heeded : [],
    listen: (signal, listener) => process.prependListener(signal, listener),
    unlisten: (signal, listener) => process.off(signal, listener),
    isHandled: (signal) => isMainThread && process.listeners(signal).some((listener) => !isOurs(listener)),
  };
}

/** What Linux tells of this process. */
function readStatus(): string | undefined {
  const { readFileSync } = builtin<{ readFileSync(path: string, encoding: "utf8"): string }>("node:fs");
  try {
    return readFileSync("/proc/self/status", "utf8");
  } catch {
    return undefined;
  }
}
