import type { CapabilityName, GcTracker, Runtime } from "../../src/runtime.ts";
import { builtin, nodeProcess, sha256 } from "../node_api/builtins.ts";
import { processEnvironment } from "../node_api/environment.ts";
import { gcTracker } from "../node_api/gc.ts";
import { watchLoopBy } from "../node_api/loop_watch.ts";
import { readProcStatus } from "../node_api/proc_status.ts";
import { processFacts } from "../node_api/process_facts.ts";
import { memoryOf, resources } from "../node_api/usage.ts";
import { peakRssOf } from "../posix/peak_rss.ts";
import { randomIsolateId } from "../web_api/isolate_id.ts";
import { performanceClock } from "../web_api/performance_clock.ts";
import { timers } from "../web_api/timers.ts";
import { nodeExitHooks } from "./exit_hooks.ts";
import { nodeRuntimeFiles } from "./files.ts";
import { denied } from "./permissions.ts";
import { heapProfilerOfV8 } from "../node_api/profiler.ts";
import { nodeProfiler } from "./profiler.ts";
import { beforeFirstEmittingServer, nodeServers } from "../node_api/http/servers.ts";
import { nodeClients } from "../node_api/http/clients.ts";
import { emitters } from "../node_api/http/emitters.ts";
import { globalFetch } from "../web_api/fetch.ts";

const MICROSECONDS_PER_SECOND = 1e6;

/** The capabilities of this isolate on Node. */
export function nodeRuntime(): Runtime {
  const { pid, versions } = nodeProcess();
  const { files, unlockable, unmappable } = nodeRuntimeFiles();
  const clock = performanceClock();
  const profiler = nodeProfiler();
  const peakRss = peakRssOf(readProcStatus);
  const noThreads = denied("worker");
  const { isMainThread } = builtin<{ isMainThread: boolean }>("node:worker_threads");
  const unavailable: Partial<Record<CapabilityName, string>> = {
    // 53 ns a call, against 195 of clock_gettime(2) through node:ffi.
    "clock.libc": "on Node performance.now() reads the same clock, and costs less",
    "gc.uncollectable": "no JavaScript runtime reports uncollectable objects",
    ...unlockable === undefined ? {} : { locks: unlockable },
    ...unmappable === undefined ? {} : { spool: unmappable },
    ...isMainThread ? {} : { signals: "workers receive no signals; the main isolate announces them" },
    ...noThreads === undefined ? {} : { threads: noThreads },
    ...typeof profiler === "string" ? { profiler, "profiler.lines": profiler, "profiler.heap": profiler } : {},
    ...typeof peakRss === "string" ? { "rss.peak": peakRss } : {},
  };
  return {
    name: "node",
    version: versions.node,
    pid,
    clock,
    files,
    environment: processEnvironment,
    timers,
    memory: memoryOf(peakRss),
    resources,
    ...noThreads === undefined ? { watchLoop: watchLoopBy(clock.epoch) } : {},
    get gc(): GcTracker {
      return gcTracker(MICROSECONDS_PER_SECOND);
    },
    ...typeof profiler === "string" ? {} : { profiler, heapProfiler: heapProfilerOfV8() },
    exitHooks: nodeExitHooks(),
    servers: [nodeServers(beforeFirstEmittingServer)],
    applications: [emitters],
    clients: [globalFetch, nodeClients],
    workers: [],
    programFacts: processFacts,
    sha256,
    isolateId: randomIsolateId,
    unavailable,
  };
}
