/**
 * A worker that records. Its messages are a directory, then numbers of samples to record, and 0 to
 * end.
 */

import * as monitor from "@kymo/kymo";

/** The global scope of a worker; the type checker knows only that of a window. */
const scope = globalThis as unknown as Pick<Worker, "addEventListener" | "postMessage">;

scope.addEventListener("message", async ({ data }: MessageEvent<string | number>) => {
  if (typeof data === "string") {
    monitor.start({ monitoringDir: data, flushInterval: 0 });
  } else if (data > 0) {
    for (let i = 0; i < data; i++) monitor.stopDurationSample("my code block", monitor.startDurationSample());
  } else {
    await monitor.stop();
  }
  const { recorded, flushed, dropped, errors } = monitor.status();
  scope.postMessage({ recorded, flushed, dropped, errors });
});

// A message sent before the listener exists is lost.
scope.postMessage("ready");
