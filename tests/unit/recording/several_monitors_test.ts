import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import * as defaultMonitor from "@kymo/kymo";
import { Monitor } from "@kymo/kymo";
import { parse } from "@kymo/kymo/core";
import { scratchDirectory } from "../../support/scratch_directory.ts";

/** The labels in the published files of a directory, sorted. */
function labelsIn(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.endsWith(".csv"))
    .flatMap((name) => parse(readFileSync(`${directory}/${name}`, "utf8")))
    .map(({ label }) => label)
    .sort();
}

/** Records in a monitor under a name: an observation in each channel, and a duration. */
function record(monitor: Pick<Monitor, "observe" | "channel" | "time">, name: string): void {
  monitor.observe(`${name} observed`, 1);
  monitor.channel("mine").observe(`${name} in a channel`, 1);
  {
    using _ = monitor.time(`${name} timed`);
  }
}

/** The labels that `record` leaves for some names, sorted. */
function recorded(...names: string[]): string[] {
  return names.flatMap((name) => [`${name} observed`, `${name} in a channel`, `${name} timed`]).sort();
}

describe("several monitors in one isolate", () => {
  for (const layout of ["segments", "append"] as const) {
    it(`record beside the default one, each in a directory of its own, layout ${layout}`, async () => {
      using scratch = scratchDirectory();
      const [one, two] = [new Monitor(), new Monitor()];
      defaultMonitor.start({ monitoringDir: scratch.at("default"), layout });
      one.start({ monitoringDir: scratch.at("one"), layout });
      two.start({ monitoringDir: scratch.at("two"), layout });
      record(one, "one");
      record(defaultMonitor, "default");
      record(two, "two");
      await one.flush();
      assertEquals(labelsIn(scratch.at("one")), recorded("one"));
      await two.stop();
      record(two, "not recording");
      record(one, "one again");
      await Promise.all([one.stop(), defaultMonitor.stop()]);
      assertEquals(labelsIn(scratch.at("default")), recorded("default"));
      assertEquals(labelsIn(scratch.at("one")), recorded("one", "one again"));
      assertEquals(labelsIn(scratch.at("two")), recorded("two"));
    });

    it(`record in one directory, layout ${layout}`, async () => {
      using scratch = scratchDirectory();
      const monitors = { a: new Monitor(), b: new Monitor(), c: new Monitor() };
      for (const monitor of Object.values(monitors)) {
        monitor.start({ monitoringDir: scratch.path, layout, withRuntime: true });
      }
      for (let i = 0; i < 100; i++) for (const [name, monitor] of Object.entries(monitors)) record(monitor, name);
      await Promise.all(Object.values(monitors).map((monitor) => monitor.flush()));
      for (const monitor of Object.values(monitors)) {
        const { channels, dropped, errors, lastError } = monitor.status();
        for (const name of ["duration", "custom", "mine"]) assertEquals(channels[name]?.flushed, 100);
        assertEquals([dropped, errors, lastError], [0, 0, undefined]);
        await monitor.stop();
      }
      const own = labelsIn(scratch.path).filter((label) => /^[abc] /.test(label));
      assertEquals(own, Array.from({ length: 100 }, () => recorded("a", "b", "c")).flat().sort());
      const runtimeRows = Object.values(monitors).map((monitor) => monitor.status().channels["runtime"]?.flushed ?? 0);
      assert(Math.min(...runtimeRows) > 0, `${runtimeRows}`);
      assertEquals(readdirSync(scratch.path).filter((name) => name.startsWith(".")), []);
    });
  }
});
