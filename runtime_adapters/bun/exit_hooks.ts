import type { ExitHooks } from "../../src/runtime.ts";
import { builtin, nodeProcess } from "../node_api/builtins.ts";
import { exitHooksOf, isOurs, markOurs, partSignals, type SignalSource } from "../node_api/exit_hooks.ts";

/** The part of `process` that is used. */
interface ListeningProcess {
  listeners(event: string): readonly object[];
  prependListener(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
}

/** The ends of this isolate on Bun. A worker's end by `terminate` cannot be seen, nor can a worker see the end of its process. */
export function bunExitHooks(): ExitHooks {
  return exitHooksOf({ signals: signalSource() });
}

function signalSource(): SignalSource {
  const process = nodeProcess() as unknown as ListeningProcess;
  // Workers hear no signals.
  const { isMainThread } = builtin<{ isMainThread: boolean }>("node:worker_threads");
  const isHandled = (signal: string): boolean =>
    isMainThread && process.listeners(signal).some((listener) => !isOurs(listener));
  return {
    // Having listened, Bun forgets what it was started to ignore (nohup).
    heard: () => isMainThread ? partSignals(readStatus()).heeded : [],
    listen(signal, listener) {
      const own = markOurs(() => {
        listener();
        if (isHandled(signal)) hideForNow();
      });
      // Some listeners (npm:signal-exit) kill the process if they find no other, and leave it to the other if they do.
      const hideForNow = (): void => {
        process.off(signal, own);
        queueMicrotask(() => {
          if (listening) process.prependListener(signal, own);
        });
      };
      let listening = true;
      process.prependListener(signal, own);
      return () => {
        listening = false;
        process.off(signal, own);
      };
    },
    isHandled,
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
