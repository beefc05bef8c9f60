import { checkHttpOptions } from "../http/options.ts";
import { type FetchHandler, RequestTimer } from "../http/fetch/request_timer.ts";
import { type Listener, timedListener } from "../http/timed_listener.ts";
import { type TimedParts, timedServer } from "../http/fetch/timed_server.ts";
import { defaultMonitor } from "../recording/default_monitor.ts";
import type { ServerTimer } from "../runtime.ts";

/**
 * Times the requests of all servers of the isolate, which share the limit on labels. What the
 * program times itself is left to it.
 */
export function automaticTimer(): ServerTimer {
  const options = { ...checkHttpOptions("Cannot time servers", {}, defaultMonitor), isAutomatic: true };
  const timer = new RequestTimer(options);
  return {
    handler: (handler) =>
      typeof handler === "function" ? timer.handler(handler as FetchHandler) as typeof handler : handler,
    server: (server) => {
      try {
        return timedServer(timer, server as TimedParts) as typeof server;
      } catch {
        return server; // it has nothing that can be timed, or cannot be copied
      }
    },
    listener: (listener) =>
      typeof listener === "function" ? timedListener(options, listener as Listener) as typeof listener : listener,
  };
}
