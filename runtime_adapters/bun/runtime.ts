import type { CapabilityName, GcTracker, Runtime } from "../../src/runtime.ts";
import { builtin, nodeProcess, sha256 } from "../node_api/builtins.ts";
import { processEnvironment } from "../node_api/environment.ts";
import { gcTracker } from "../node_api/gc.ts";
import { watchLoopBy } from "../node_api/loop_watch.ts";
import { processFacts } from "../node_api/process_facts.ts";
import { readProcStatus } from "../node_api/proc_status.ts";
import { memoryOf, resources } from "../node_api/usage.ts";
import { peakRssOf } from "../posix/peak_rss.ts";
import { isAtLeast } from "../version.ts";
import { randomIsolateId } from "../web_api/isolate_id.ts";
import { timers } from "../web_api/timers.ts";
import { bunClock, bunLibcClock } from "./clock.ts";
import { bunExitHooks } from "./exit_hooks.ts";
import { bunFiles } from "./files.ts";
import { bunProfiler } from "./profiler.ts";
import { bunServers, bunWorkers } from "./replaceable.ts";
import { nodeClients } from "../node_api/http/clients.ts";
import { emitters } from "../node_api/http/emitters.ts";
import { globalFetch } from "../web_api/fetch.ts";

/** The part of the global `Bun` that is used. */
interface BunGlobal {
  readonly version: string;
  nanoseconds(): number;
  gc(isSynchronous: boolean): void;
}

const MICROSECONDS_PER_SECOND = 1e6;

/** The version of Bun that brought `v8.GCProfiler`. */
const GC_PROFILER_SINCE = "1.4";

/** A collection takes some 10 ms, half of what it takes elsewhere, but the system gets little of a heap back. */
const COLLECT_AFTER = 6 * 2 ** 20;

/** The capabilities of this isolate on Bun. */
export function bunRuntime(): Runtime {
  const bun = (globalThis as unknown as { Bun: BunGlobal }).Bun;
  const { pid } = nodeProcess();
  const libcClock = bunLibcClock();
  const clock = typeof libcClock === "string" ? bunClock(bun) : libcClock;
  const { files, unmappable } = bunFiles();
  const profiler = bunProfiler(clock);
  const peakRss = peakRssOf(readProcStatus);
  const { isMainThread } = builtin<{ isMainThread: boolean }>("node:worker_threads");
  const tellsOfGc = isAtLeast(bun.version, GC_PROFILER_SINCE);
  const unavailable: Partial<Record<CapabilityName, string>> = {
    ...typeof libcClock === "string" ? { "clock.libc": libcClock } : {},
    ...tellsOfGc ? {} : { gc: `needs Bun ${GC_PROFILER_SINCE}` },
    "gc.uncollectable": "no JavaScript runtime reports uncollectable objects",
    ...unmappable === undefined ? {} : { spool: unmappable },
    "profiler.heap": "Bun does not sample allocations",
    ...isMainThread ? {} : { signals: "workers receive no signals; the main isolate announces them" },
    ...typeof profiler === "string" ? { profiler, "profiler.lines": profiler } : {},
    ...typeof peakRss === "string" ? { "rss.peak": peakRss } : {},
  };
  return {
    name: "bun",
    version: bun.version,
    pid,
    clock,
    files,
    environment: processEnvironment,
    timers,
    memory: { ...memoryOf(peakRss, () => bun.gc(true)), collectAfter: COLLECT_AFTER },
    resources,
    watchLoop: watchLoopBy(clock.epoch),
    get gc(): GcTracker | undefined {
      return tellsOfGc ? gcTracker(MICROSECONDS_PER_SECOND) : undefined;
    },
    ...typeof profiler === "string" ? {} : { profiler },
    exitHooks: bunExitHooks(),
    servers: bunServers(bun),
    applications: [emitters],
    clients: [globalFetch, nodeClients],
    workers: bunWorkers,
    programFacts: processFacts,
    sha256,
    isolateId: randomIsolateId,
    unavailable,
  };
}
