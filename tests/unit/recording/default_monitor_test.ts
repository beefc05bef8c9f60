import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import {
  defaultMonitor,
  defaultMonitorOf,
  reportOtherCopies,
  SHARED_VERSION,
} from "../../../src/recording/default_monitor.ts";
import { Monitor } from "../../../src/recording/monitor.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

describe("the default monitor", () => {
  it("is the same for all copies of the package in an isolate", () => {
    assertStrictEquals(defaultMonitorOf(), defaultMonitor);
    const globals = {};
    const first = defaultMonitorOf({ globals });
    assertStrictEquals(defaultMonitorOf({ globals }), first);
    assertNotStrictEquals(defaultMonitorOf({ globals: {} }), first);
    assertEquals(Object.keys(globals), []);
  });

  it("is there where the globals are frozen", () => {
    const globals = Object.freeze({});
    assertEquals(defaultMonitorOf({ globals }).status().running, false);
  });

  it("that another version of the package made is another one, and both say that they do not share", async () => {
    using scratch = scratchDirectory();
    const globals = {};
    const mine = defaultMonitorOf({ globals, version: 1 });
    mine.start({ monitoringDir: scratch.at("mine") });
    const other = defaultMonitorOf({ globals, version: 2 }); // is loaded while the first records
    assertNotStrictEquals(other, mine);
    const message =
      /^Cannot record what another copy of Kymo measures: version .+ and this one, .+ do not share a monitor/;
    assertEquals([mine.status().errors, mine.status().lastError?.code], [1, "unsupported"]);
    assertMatch(mine.status().lastError!.message, message);
    other.start({ monitoringDir: scratch.at("other") });
    reportOtherCopies(other, { globals, version: 2 });
    assertMatch(other.status().lastError!.message, message);
    assertEquals(other.status().errors, 1);
    await Promise.all([mine.stop(), other.stop()]);
  });

  it("survives another version that has not the method by which it is told", () => {
    const globals = { [Symbol.for("@kymo/kymo monitor 99")]: { package: "9.9.9", monitor: {} } };
    assertEquals(defaultMonitorOf({ globals }).status().running, false);
  });

  it("has the methods that this shared version stands for", () => {
    // Whoever changes this list, or what one of these methods means, raises SHARED_VERSION.
    const methods = Object.getOwnPropertyNames(Monitor.prototype).filter((name) => name !== "constructor").sort();
    assertEquals([SHARED_VERSION, methods], [1, [
      "beforeFlush",
      "channel",
      "countOther",
      "countOtherHost",
      "flush",
      "mark",
      "observe",
      "observeMany",
      "pause",
      "report",
      "resume",
      "start",
      "startBefore",
      "startDurationSample",
      "startOutgoingSample",
      "status",
      "stop",
      "stopDurationSample",
      "stopOutgoingSample",
      "time",
      "timeIt",
    ]]);
  });
});
