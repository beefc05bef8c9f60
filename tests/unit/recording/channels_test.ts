import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { parse } from "../../../src/csv/parse.ts";
import { KymoError } from "../../../src/errors.ts";
import { createMonitor, type Monitor } from "../../../src/recording/monitor.ts";
import { FakeRuntime } from "../../support/fake/runtime.ts";
import { DIRECTORY, publishedLabels, spoolPaths, temporaryPaths } from "../../support/fake/published_files.ts";
import { nextTurn } from "../../support/wait.ts";

function monitoring(): { runtime: FakeRuntime; monitor: Monitor } {
  const runtime = new FakeRuntime();
  return { runtime, monitor: createMonitor(() => runtime) };
}

describe("a channel with a prefix of its own", () => {
  for (
    const channel of ["../x", "/abs", "a/b", "..", "", "x".repeat(300), "duration", "runtime", "custom", "profiler"]
  ) {
    it(`is refused under ${JSON.stringify(channel.slice(0, 10))}, whether recording or not, and nothing is written`, async () => {
      const { runtime, monitor } = monitoring();
      const refuse = (): void => {
        const error = assertThrows(() => monitor.channel(channel), KymoError);
        assertMatch(error.message, /^Cannot make the channel: .+: ".*"$/s);
      };
      refuse();
      monitor.start();
      refuse();
      await monitor.stop();
      const others = runtime.files.paths().filter((path) => !path.startsWith(`${DIRECTORY}/program.`));
      assertEquals(others, [DIRECTORY]);
    });
  }

  it("is the same for all who ask for the channel, samplers too", async () => {
    const { runtime, monitor } = monitoring();
    const one = monitor.channel("mine");
    monitor.start({ samplers: [{ channel: "mine", sample: (to) => to.observe("sampler", 1) }] });
    one.observe("one", 1);
    monitor.channel("mine").observeMany([["two", 2]]);
    await monitor.stop();
    assertEquals(runtime.csvs("mine").length, 1);
    assertEquals(publishedLabels(runtime.files), ["one", "sampler", "sampler", "two"]);
  });

  it("serves one recording after the other, and nothing in between", async () => {
    const { runtime, monitor } = monitoring();
    const mine = monitor.channel("mine");
    for (const label of ["first", "second"]) {
      mine.observe("nobody listens", 1);
      monitor.start();
      mine.observe(label, 1);
      await monitor.stop();
    }
    assertEquals(publishedLabels(runtime.files), ["first", "second"]);
  });

  it("is refused when it is the 65th, but those that are there go on", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start({ memoryThreshold: 2 ** 14 });
    const channels = Array.from({ length: 64 }, (_, i) => monitor.channel(`b${i}`));
    const error = assertThrows(() => monitor.channel("b64"), KymoError);
    assertMatch(error.message, /^Cannot make the channel: there are 64 already.*: "b64"$/);
    monitor.channel("b0").observe("again", 1);
    for (const channel of channels) channel.observe("x", 1);
    await monitor.stop();
    assertEquals(publishedLabels(runtime.files).length, 65);
  });

  it("for which there is no memory observes nothing, throws nothing, and that is reported", async () => {
    const { runtime, monitor } = monitoring();
    const errors: Error[] = [];
    monitor.start({ durability: "memory", onError: (error) => errors.push(error) });
    const mine = monitor.channel("mine");
    const { ArrayBuffer } = globalThis;
    globalThis.ArrayBuffer = class {
      constructor() {
        throw new RangeError("Array buffer allocation failed");
      }
    } as unknown as typeof ArrayBuffer;
    try {
      mine.observe("x", 1);
    } finally {
      globalThis.ArrayBuffer = ArrayBuffer;
    }
    await nextTurn();
    assertEquals(errors.map(({ message }) => message), [
      'Cannot make the channel: "mine": Array buffer allocation failed',
    ]);
    mine.observe("later", 1);
    await monitor.stop();
    assertEquals(publishedLabels(runtime.files), ["later"]);
  });

  it("for which there is no room in a spool is kept in memory, and that is reported", async () => {
    const { runtime, monitor } = monitoring();
    const { files } = runtime;
    const errors: Error[] = [];
    monitor.start({ onError: (error) => errors.push(error) });
    const capacities = [0, Infinity];
    for (const capacity of capacities) {
      files.capacity = capacity;
      monitor.channel(`room-${capacity}`).observe(`${capacity}`, 1);
      if (capacity === 0) assertEquals(monitor.status().durability, "memory");
    }
    await nextTurn();
    assertEquals(errors.map(({ message }) => message), [
      'Cannot make a spool, so observations may be in memory only: "/_monitoring": no space left on device',
    ]);
    assertEquals([monitor.status().durability, spoolPaths(files).length], ["memory", 2]);
    await monitor.stop();
    assertEquals([publishedLabels(files), temporaryPaths(files)], [["0", "Infinity"], []]);
  });

  it("is flushed beside the others, a slice of each in turn", async () => {
    const { runtime, monitor } = monitoring();
    monitor.start();
    const names = ["one", "two", "three"];
    const channels = names.map((name) => monitor.channel(name));
    for (let i = 0; i < 10_000; i++) {
      for (const [j, channel] of channels.entries()) channel.observe(`${names[j]}, ${i % 100}`, i);
    }
    runtime.clock.step = 400_000; // a turn is over after one slice
    await monitor.stop();
    for (const name of names) {
      const rows = runtime.csvs(name).flatMap(parse);
      assertEquals(
        rows.every(({ measurement, label }, i) => measurement === i && label === `${name}, ${i % 100}`),
        true,
      );
      assertEquals(rows.length, 10_000);
    }
  });
});
