import { describe, it } from "node:test";
import { assert } from "@std/assert";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Monitor } from "../../../mod.ts";
import { detect } from "../../../runtime_adapters/detect.ts";
import { timeHandler, timeListener } from "../../../src/http/mod.ts";
import type { CpuProfile } from "../../../src/runtime.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const { profiler, unavailable } = detect(globalThis);
const skip = unavailable.profiler ?? false;

/** ms after which the compiler has made the best of what is called all the time. */
const WARM_UP = 700;

/** Calls a function for some ms. */
function callFor(duration: number, call: () => void): void {
  for (const end = performance.now() + duration; performance.now() < end;) call();
}

/** Samples of a profile: all while something ran, and those of them in Kymo's own code. */
function samplesOf({ nodes, samples = [] }: CpuProfile): { readonly own: number; readonly all: number } {
  const urls = new Map(nodes.map(({ id, callFrame: { url } }) => [id, url]));
  const ran = samples.map((id) => urls.get(id) ?? "").filter((url) => url !== "");
  return { own: ran.filter((url) => /\/(src|runtime_adapters)\//.test(url)).length, all: ran.length };
}

function work(): number {
  let sum = 0;
  for (let i = 0; i < 10_000; i++) sum += Math.sqrt(i);
  return sum;
}

describe("a profile that begins when a program has long been running", () => {
  let sum = 0;
  const timers = {
    timeIt: (monitor: Monitor) =>
      monitor.timeIt("work")(function worker(): void {
        sum += work();
      }),
    timeHandler: (monitor: Monitor) => {
      const [request, response] = [new Request("http://localhost/orders"), new Response(null, { status: 204 })];
      const timed = timeHandler(function worker(_: Request): Response {
        sum += work();
        return response;
      }, { recorder: monitor });
      return () => timed(request);
    },
    timeListener: (monitor: Monitor) => {
      const timed = timeListener(function worker(_: IncomingMessage, _response: ServerResponse): void {
        sum += work();
      }, { recorder: monitor });
      return () => timed({} as IncomingMessage, {} as ServerResponse);
    },
  };
  for (const [name, make] of Object.entries(timers)) {
    it(`charges a function for its time, and not Kymo, whose ${name} calls it`, { skip }, async () => {
      using scratch = scratchDirectory();
      const monitor = new Monitor();
      monitor.start({ monitoringDir: scratch.at("monitoring") });
      const call = make(monitor);
      callFor(WARM_UP, call);
      await profiler!.start(1_000);
      callFor(300, call);
      const profile = await profiler!.stop();
      await monitor.stop();
      const { own, all } = samplesOf(profile);
      assert(all > 20 && own < all / 2 && sum > 0, `${own} of ${all} samples are Kymo's`);
    });
  }
});
