import { builtin, nodeProcess } from "./builtins.ts";
import { readProcStatus } from "./proc_status.ts";
import { isOurs, markOurs, type SignalSource, splitByIgnored } from "./signals.ts";

/** The part of `process` that is used. */
interface ListeningProcess {
  listeners(event: string): readonly object[];
  prependListener(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
}

/**
 * How an isolate on Bun and Node listens to SIGTERM, SIGINT and SIGHUP: through `process`. What
 * happens when one arrives is in `signals.ts`.
 */
export function processSignals(): SignalSource {
  const process = nodeProcess() as unknown as ListeningProcess;
  // Workers receive no signals.
  const { isMainThread } = builtin<{ isMainThread: boolean }>("node:worker_threads");
  const isHandled = (signal: string): boolean =>
    isMainThread && process.listeners(signal).some((listener) => !isOurs(listener));
  return {
    // A process that was started to ignore a signal (nohup) would no longer ignore it after the
    // runtime has listened to it.
    received: () => isMainThread ? splitByIgnored(procStatus()).others : [],
    listen(signal, listener) {
      const own = markOurs(() => {
        listener();
        if (isHandled(signal)) hideForNow();
      });
      // Some listeners (npm:signal-exit) kill the process only if there is no other listener.
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

/** The text of `/proc/self/status`; `undefined` where there is none. */
function procStatus(): string | undefined {
  const status = readProcStatus();
  return typeof status === "string" ? undefined : status.text;
}
