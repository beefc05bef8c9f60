import type { CapabilityName, GcTracker, Runtime } from "../../src/runtime.ts";
import { sha256 } from "../node_api/builtins.ts";
import { gcTracker } from "../node_api/gc.ts";
import { watchLoopBy } from "../node_api/loop_watch.ts";
import { canTellOthers } from "../node_api/exit/other_isolates.ts";
import { memoryOf, resources } from "../node_api/usage.ts";
import { peakRssOf } from "../posix/peak_rss.ts";
import { isAtLeast } from "../version.ts";
import { randomIsolateId } from "../web_api/isolate_id.ts";
import { performanceClock } from "../web_api/performance_clock.ts";
import { timers } from "../web_api/timers.ts";
import { denoLibcClock } from "./clock.ts";
import { denoEnvironment } from "./environment.ts";
import { denoExitHooks } from "./exit_hooks.ts";
import { denoFiles } from "./files.ts";
import { collectByInspector, heapProfilerOfV8 } from "../node_api/profiler.ts";
import { denoProfiler, SOURCE_MAPS_SINCE } from "./profiler.ts";
import { denoProgramFacts, hostDenied } from "./program_facts.ts";
import { readProcFile } from "./proc_file.ts";
import { inWorker } from "./signals.ts";
import { denoStartupHold } from "./startup_hold.ts";
import { denoServers, denoWorkers } from "./replaceable.ts";
import { nodeClients } from "../node_api/http/clients.ts";
import { emitters } from "../node_api/http/emitters.ts";
import { globalFetch } from "../web_api/fetch.ts";

const NANOSECONDS_PER_SECOND = 1e9;

/** The version of Deno that brought `v8.GCProfiler`. */
const GC_PROFILER_SINCE = "2.8";

/** The capabilities of this isolate on Deno, within its permissions. Never prompts. */
export function denoRuntime(): Runtime {
  const libcClock = denoLibcClock();
  const clock = typeof libcClock === "string" ? performanceClock() : libcClock;
  const version = Deno.version.deno;
  const { files, unlockable, unmappable, freeUnknown } = denoFiles();
  const profiler = denoProfiler();
  const startupHold = denoStartupHold();
  const peakRss = peakRssOf(() => readProcFile("status"));
  const noHost = hostDenied();
  const tellsOfGc = isAtLeast(version, GC_PROFILER_SINCE);
  const linesUnknown = isAtLeast(version, SOURCE_MAPS_SINCE)
    ? {}
    : { "profiler.lines": `needs Deno ${SOURCE_MAPS_SINCE}` };
  const unavailable: Partial<Record<CapabilityName, string>> = {
    "gc.uncollectable": "no JavaScript runtime reports uncollectable objects",
    ...tellsOfGc ? {} : { gc: `needs Deno ${GC_PROFILER_SINCE}` },
    ...unlockable === undefined ? {} : { locks: unlockable },
    ...unmappable === undefined ? {} : { spool: unmappable },
    ...freeUnknown === undefined ? {} : { freeSpace: freeUnknown },
    ...typeof libcClock === "string" ? { "clock.libc": libcClock } : {},
    ...inWorker ? { signals: workerSignals() } : {},
    ...typeof profiler === "string"
      ? { profiler, "profiler.lines": profiler, ...linesUnknown, "profiler.heap": profiler }
      : linesUnknown,
    ...typeof peakRss === "string" ? { "rss.peak": peakRss } : {},
    ...noHost === undefined ? {} : { host: noHost },
  };
  return {
    name: "deno",
    version,
    pid: Deno.pid,
    clock,
    files,
    environment: denoEnvironment,
    timers,
    memory: memoryOf(peakRss, typeof profiler === "string" ? undefined : collectByInspector),
    resources,
    watchLoop: watchLoopBy(clock.epoch),
    ...startupHold === undefined ? {} : { startupHold },
    get gc(): GcTracker | undefined {
      return tellsOfGc ? gcTracker(NANOSECONDS_PER_SECOND) : undefined;
    },
    ...typeof profiler === "string" ? {} : { profiler, heapProfiler: heapProfilerOfV8() },
    exitHooks: denoExitHooks(),
    servers: denoServers,
    applications: [emitters],
    clients: [globalFetch, nodeClients],
    workers: denoWorkers,
    programFacts: denoProgramFacts,
    sha256,
    isolateId: randomIsolateId,
    unavailable,
  };
}

/** Why a worker receives no signals. */
function workerSignals(): string {
  const why = "workers leave signals to the main isolate, which ";
  return why + (canTellOthers() ? "announces them" : "cannot announce them before Deno 2.8");
}
