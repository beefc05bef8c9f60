import type { CpuProfile, CpuProfiler } from "../../src/runtime.ts";
import { type ProfileRecording, profilerOf, ProfilerSession } from "../node_api/profiler.ts";
import { originalPosition } from "./original_position.ts";

/**
 * V8's sampling profiler, or why there is none. Other sessions, such as those of the application and of DevTools, profile at the same time
 * undisturbed.
 *
 * Two costs are Deno's and V8's own: `start` walks the heap (1 ms for each MB of it, about), and as long as a session is open every worker
 * that this isolate starts waits up to 0.5 s for a debugger before its first statement, and again before its first message.
 */
export function denoProfiler(): CpuProfiler | string {
  if (Deno.permissions.querySync({ name: "sys" }).state !== "granted") return "needs --allow-sys";
  return profilerOf(record, originalPosition);
}

/** Begins a profile in a session of its own, so that none is open when nothing is profiled. */
function record(interval: number): ProfileRecording {
  const session = new ProfilerSession();
  const started = session.start(interval);
  started.catch(() => session.close());
  return {
    started,
    async stop(): Promise<CpuProfile> {
      try {
        return await session.stop();
      } finally {
        session.close();
      }
    },
  };
}
