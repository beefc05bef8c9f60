import { readFileSync } from "node:fs";
import { Session } from "node:inspector";
import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { detect } from "../../runtime_adapters/detect.ts";
import { encodeCpuProfile } from "../../src/profiling/cpu_profile_file.ts";
import { inSource } from "../../src/profiling/source_positions.ts";
import type { CpuProfile } from "../../src/runtime.ts";
import { work } from "../support/programs/profiled_work.ts";
import { checkCpuProfile } from "../support/analysis/check_cpu_profile.ts";

const { name: runtime, profiler, unavailable } = detect(globalThis);
const cpuProfiler = profiler!;
const skip = unavailable.profiler ?? false;
const noLines = unavailable["profiler.lines"] ?? false;

const fixture = new URL("../support/programs/profiled_work.ts", import.meta.url);
const sourceLines = readFileSync(fixture, "utf8").split("\n");

const INTERVAL = 1_000;

/** Profiles a task, and checks the resulting file. */
async function profile(task: () => unknown): Promise<Required<CpuProfile>> {
  await cpuProfiler.start(INTERVAL);
  await task();
  const taken = await cpuProfiler.stop();
  return checkCpuProfile(encodeCpuProfile(inSource(taken, (position) => cpuProfiler.sourcePosition(position))));
}

function sleep(duration: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, duration));
}

function functionNames({ nodes }: CpuProfile): string[] {
  return nodes.map(({ callFrame }) => callFrame.functionName);
}

/** An inspector session of the application. */
class Application {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
  }

  post(method: string): Promise<{ readonly profile: CpuProfile }> {
    return new Promise((resolve, reject) => {
      this.#session.post(method, (error, result) => {
        if (error === null) resolve(result as { readonly profile: CpuProfile });
        else reject(error);
      });
    });
  }

  close(): void {
    this.#session.disconnect();
  }
}

let last: Promise<unknown> = Promise.resolve();

/**
 * Makes a test begin when the one before has ended: Deno before 2.8 runs the asynchronous tests of a
 * group at once.
 */
function alone(test: () => Promise<void>): () => Promise<void> {
  return () => {
    const run = last.then(test);
    last = run.catch(() => {});
    return run;
  };
}

describe("CPU profiler", { skip }, () => {
  it(
    "names functions with line and column of the source",
    { skip: noLines },
    alone(async () => {
      const taken = await profile(() => work(600));
      // Node runs the source with blanks for the types, in which an arrow function begins later.
      const collatz = runtime === "node" ? "(range" : "<Result";
      const marks = { sumOfDigits: "(range", collatz, accumulate: "(this" };
      for (const [name, mark] of Object.entries(marks)) {
        const line = sourceLines.findIndex((text) => text.includes(name) && text.includes(mark));
        const last = sourceLines.findIndex((text, index) =>
          index > line && /^ *};?$/.test(text) && indent(text) === indent(sourceLines[line]!)
        );
        const nodes = taken.nodes.filter(({ callFrame }) => callFrame.functionName === name);
        assert(nodes.length > 0, `${name} is not in the profile`);
        for (const { callFrame, positionTicks = [] } of nodes) {
          const { url, lineNumber, columnNumber } = callFrame;
          const column = sourceLines[line]!.indexOf(mark);
          assertEquals({ url, lineNumber, columnNumber }, {
            url: fixture.href,
            lineNumber: line,
            columnNumber: column,
          });
          for (const tick of positionTicks) {
            assert(tick.line > line && tick.line <= last + 1, `${name}: line ${tick.line}`);
          }
        }
      }
      assert(
        taken.nodes.some(({ callFrame, positionTicks }) => callFrame.url === fixture.href && positionTicks?.length),
      );
    }),
  );

  it(
    "reports idle time as idle",
    alone(async () => {
      const { nodes, samples, timeDeltas } = await profile(async () => {
        work(100);
        await sleep(700);
        work(100);
      });
      const idle = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === "(idle)").map(({ id }) => id));
      // A sample covers the time until the next.
      const duration = samples.reduce((sum, id, index) => sum + (idle.has(id) ? timeDeltas[index + 1] ?? 0 : 0), 0);
      assert(duration > 350_000, `${duration} µs`);
    }),
  );

  it(
    "takes one profile after another",
    alone(async () => {
      const first = await profile(() => work(100));
      const second = await profile(() => work(100));
      assert(functionNames(first).includes("work") && functionNames(second).includes("work"));
      assert(second.startTime >= first.endTime);
    }),
  );

  it(
    "takes a profile without any work",
    alone(async () => {
      await profile(() => {});
    }),
  );

  it(
    "rejects a second start, and goes on",
    alone(async () => {
      const taken = await profile(async () => {
        await assertRejects(() => cpuProfiler.start(INTERVAL), Error, "the profiler is already started");
        work(100);
      });
      assert(functionNames(taken).includes("work"));
    }),
  );

  it(
    "rejects stop if it was not started",
    alone(async () => {
      await assertRejects(() => cpuProfiler.stop(), Error, "the profiler is not started");
    }),
  );

  it("returns no source position for scripts without a source map", { skip: noLines }, () => {
    for (
      const url of [
        "",
        "node:fs",
        "ext:core/01_core.js",
        "https://example.com/mod.ts",
        "wasm://wasm/1",
        "file://%2F/x.ts",
      ]
    ) {
      assertEquals(cpuProfiler.sourcePosition({ url, line: 3, column: 4 }), undefined, url);
    }
  });

  it(
    "does not disturb a profile of the application",
    alone(async () => {
      const application = new Application();
      await application.post("Profiler.enable");
      await application.post("Profiler.start");
      if (runtime === "bun") {
        await assertRejects(() => profile(() => {}), Error, "another profiler is running in this isolate");
        work(100);
      } else {
        assert(functionNames(await profile(() => work(100))).includes("work"));
      }
      assert(functionNames((await application.post("Profiler.stop")).profile).includes("work"));
      application.close();
      assert(functionNames(await profile(() => work(100))).includes("work"));
    }),
  );

  it(
    "rejects stop if the application has stopped the sampling",
    { skip: runtime === "bun" ? false : "only on Bun" },
    alone(async () => {
      await cpuProfiler.start(INTERVAL);
      const application = new Application();
      await application.post("Profiler.stop");
      await assertRejects(() => cpuProfiler.stop(), Error, "not started");
      await profile(() => {});
    }),
  );
});

function indent(line: string): number {
  return line.search(/\S/);
}

describe("position in code that Deno transpiled", () => {
  it(
    "maps to the first token of its line if it is before the code",
    { skip: runtime === "deno" ? noLines : "only on Deno" },
    () => {
      const { href: url } = fixture;
      // Transpiling keeps comments, though in other lines, and removes types.
      const found = sourceLines.map((_, line) => cpuProfiler.sourcePosition({ url, line, column: 0 }));
      for (const code of ["export   function sumOfDigits", "let sum", "export const collatz", "for (let n = this"]) {
        const line = sourceLines.findIndex((text) => text.includes(code));
        const column = sourceLines[line]!.indexOf(code);
        assertEquals(found.filter((position) => position?.line === line), [{ url, line, column }]);
      }
    },
  );

  it("has line -1 if it is in no source", { skip: runtime === "deno" ? noLines : "only on Deno" }, () => {
    const { href: url } = fixture;
    assertEquals(cpuProfiler.sourcePosition({ url, line: 100_000, column: 0 }), { url, line: -1, column: -1 });
  });
});
