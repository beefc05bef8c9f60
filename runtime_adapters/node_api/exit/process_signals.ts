import { builtin, nodeProcess } from "../builtins.ts";
import { readProcStatus } from "../proc_status.ts";
import { KeptListener } from "./kept_listeners.ts";
import { isOurs } from "./our_listeners.ts";
import { type SignalSource, splitByIgnored } from "./signals.ts";

/**
 * How an isolate on Bun and Node listens to SIGTERM, SIGINT and SIGHUP: through `process`. What
 * happens when one arrives is in `signals.ts`.
 */
export function processSignals(): SignalSource {
  const process = nodeProcess() as unknown as { listeners(event: string): readonly object[] };
  // Workers receive no signals.
  const { isMainThread } = builtin<{ isMainThread: boolean }>("node:worker_threads");
  const isHandled = (signal: string): boolean =>
    isMainThread && process.listeners(signal).some((listener) => !isOurs(listener));
  return {
    // A process that was started to ignore a signal (nohup) would no longer ignore it after the
    // runtime has listened to it.
    received: () => isMainThread ? splitByIgnored(procStatus()).others : [],
    listen(signal, listener) {
      const own = new KeptListener(signal, () => {
        listener();
        // Some listeners (npm:signal-exit) kill the process only if there is no other listener.
        if (isHandled(signal)) own.hideForNow();
      }, "first");
      return () => own.remove();
    },
    isHandled,
  };
}

/** The text of `/proc/self/status`; `undefined` where there is none. */
function procStatus(): string | undefined {
  const status = readProcStatus();
  return typeof status === "string" ? undefined : status.text;
}
