import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import denoJson from "../../../deno.json" with { type: "json" };
import { type ProgramRecord, readProgramRecord } from "../../../src/files/program_record.ts";
import { createMonitor } from "../../../src/recording/monitor.ts";
import { FileError } from "../../../src/runtime.ts";
import { VERSION } from "../../../src/version.ts";
import { FakeRuntime } from "../../support/fake/runtime.ts";

const PATH = "/_monitoring/program.4242-00000001.json";

function recordOf({ files }: FakeRuntime): ProgramRecord {
  const read = readProgramRecord(files, PATH);
  assert(read.ok, read.ok ? "" : read.reason);
  return read.value;
}

/** A monitor that records on a fake runtime. */
function recording(
  options: Parameters<ReturnType<typeof createMonitor>["start"]>[0] = {},
  runtime = new FakeRuntime(),
) {
  const monitor = createMonitor(() => runtime);
  monitor.start(options);
  return { runtime, monitor };
}

describe("the program record of a recording", () => {
  it("is there from the start, without an end, and bears no function and no path", () => {
    const { runtime } = recording({ monitoringDir: "/_monitoring", onError: () => {}, name: "orders" });
    const { kymo, name, kind, script, host, options, end } = recordOf(runtime);
    assertEquals({ kymo, name, kind, script, host, end }, {
      ...{ kymo: denoJson.version, name: "orders", kind: "main", script: "app.ts", host: "host", end: undefined },
    });
    assertEquals([options["layout"], options["durability"], options["flushInterval"]], ["segments", "spool", 60_000]);
    assertEquals(Object.keys(options).filter((key) => ["onError", "samplers", "monitoringDir"].includes(key)), []);
  });

  it("is named by the option, else the environment, else the script, else the runtime", () => {
    const nameWith = (facts: FakeRuntime["facts"], name?: string, variables = {}): string => {
      const runtime = new FakeRuntime();
      runtime.facts = facts;
      runtime.variables = variables;
      const { monitor } = recording(name === undefined ? {} : { name }, runtime);
      assertEquals(monitor.status().name, recordOf(runtime).name);
      assertEquals(monitor.status().isolate, recordOf(runtime).isolate);
      return recordOf(runtime).name;
    };
    const facts = { kind: "worker", script: "app.ts" } as const;
    assertEquals(nameWith(facts, "orders", { KYMO_NAME: "from-environment" }), "orders");
    assertEquals(nameWith(facts, undefined, { KYMO_NAME: "from-environment" }), "from-environment");
    assertEquals(nameWith(facts), "app.ts");
    assertEquals(nameWith({ kind: "main" }), "fake");
  });

  it("has instance and attributes if they are given, and is read at their largest", () => {
    const attributes = Object.fromEntries(
      Array.from({ length: 32 }, (_, index) => [`${index}`.padEnd(128, "\u20ac"), '"'.repeat(256)]),
    );
    const { instance, attributes: recorded } = recordOf(recording({ instance: "€".repeat(128), attributes }).runtime);
    assertEquals([instance, recorded], ["€".repeat(128), attributes]);
    const without = recordOf(recording().runtime);
    assertEquals(["instance" in without, "attributes" in without], [false, false]);
  });

  it("says stop and the final counts, also if the program exits afterwards", async () => {
    const { runtime, monitor } = recording();
    monitor.observe("a", 1);
    await monitor.stop();
    runtime.end();
    const { how, counts } = recordOf(runtime).end ?? {};
    assertEquals([how, counts?.["recorded"], counts?.["flushed"], counts?.["buffered"]], ["stop", 1, 1, 0]);
    assertEquals(counts?.["invalidSamples"], 0);
  });

  it("is written before the last spool goes, so that nobody finds neither", async () => {
    for (const isExit of [true, false]) {
      const { runtime, monitor } = recording();
      let removed = 0;
      runtime.files.before = (operation, path) => {
        if (operation !== "remove" || !path.endsWith(".spool")) return;
        removed++;
        const spools = runtime.files.paths().filter((path) => path.endsWith(".spool"));
        if (spools.length === 1) assert(recordOf(runtime).end !== undefined);
      };
      monitor.observe("a", 1);
      if (isExit) runtime.end();
      else await monitor.stop();
      assert(removed > 0);
    }
  });

  it("has no end of a signal that the program handles itself", () => {
    const { runtime } = recording();
    runtime.end(false);
    assertEquals(recordOf(runtime).end, undefined);
  });

  it("takes back the end of a program that survives it", () => {
    for (const last of [true, false]) {
      const { runtime } = recording();
      runtime.end(last, { how: "uncaught", error: "TypeError" });
      assertEquals(recordOf(runtime).end?.error, "TypeError");
      runtime.timers.advance(1_000);
      assertEquals(recordOf(runtime).end, undefined);
    }
  });

  it("is written anew at the end if somebody has deleted it", async () => {
    const { runtime, monitor } = recording();
    runtime.files.removeTree(PATH);
    await monitor.stop();
    assertEquals(recordOf(runtime).end?.how, "stop");
  });

  it("costs a recording nothing if it cannot be written: that is reported once", async () => {
    const runtime = new FakeRuntime();
    runtime.files.before = (operation, path) => {
      if (operation === "rename" && path.includes(".json")) throw new FileError("ENOSPC", "no space left on device");
    };
    const messages: string[] = [];
    const { monitor } = recording({ onError: ({ message }) => messages.push(message) }, runtime);
    monitor.observe("a", 1);
    await monitor.stop();
    assertEquals(messages, [`Cannot write the program record: "${PATH}": no space left on device`]);
    assertEquals([monitor.status().flushed, monitor.status().errors], [1, 1]);
    assertEquals(runtime.files.paths().filter((path) => path.includes(".json")), []);
  });
});

describe("VERSION", () => {
  it("is that of deno.json", () => assertEquals(VERSION, denoJson.version));
});
