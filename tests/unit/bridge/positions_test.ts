import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { ChannelPosition } from "../../../src/bridge/positions.ts";
import { ProcessTotals } from "../../../src/bridge/process_totals.ts";
import { textFormatFor } from "../../../src/bridge/prometheus_text.ts";
import { SERIES } from "../../../src/series.ts";
import { randomFrom } from "../../support/random.ts";

describe("the position in a channel", () => {
  it("knows what was counted of each segment, in whatever order that was, also when it was stored", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = randomFrom(seed);
      const expected = new Map<number, number>();
      let position = new ChannelPosition();
      for (let step = 0; step < 60; step++) {
        const sequence = 1 + random(20);
        if (random(3) === 0) {
          position.noteWhole(sequence);
          expected.set(sequence, Infinity);
        } else {
          const rows = random(100);
          position.note(sequence, rows);
          expected.set(sequence, Math.max(rows, expected.get(sequence) ?? 0));
        }
        if (random(10) === 0) position = ChannelPosition.of(JSON.parse(JSON.stringify(position.stored)))!;
        for (let one = 0; one <= 21; one++) assertEquals(position.counted(one), expected.get(one) ?? 0, `seed ${seed}`);
      }
    }
  });

  it("takes one pair for all segments that were counted one after the other", () => {
    const position = new ChannelPosition();
    for (let sequence = 1; sequence <= 1_000; sequence++) {
      position.note(sequence, 384);
      position.noteWhole(sequence);
    }
    assertEquals(JSON.stringify(position.stored), '{"whole":[[1,1000]]}');
  });

  it("is not taken from what is none", () => {
    for (const wrong of [undefined, [], { whole: [[1]] }, { whole: [[1, "2"]] }, { whole: [], rows: [[-1, 2]] }]) {
      assertEquals(ChannelPosition.of(wrong), undefined);
    }
  });
});

describe("the totals of processes", () => {
  const cpu = (totals: ProcessTotals): number | undefined =>
    totals.metrics().find(({ name }) => name === "process_cpu_seconds_total")?.samples[0]?.value as number | undefined;
  const main = { key: "1-a", processKey: "1@host" };
  const worker = { key: "1-b", processKey: "1@host" };

  it("count the CPU time of a process once, whoever of its isolates samples it, in any order", () => {
    const samples = [[main, 1, 10], [worker, 2, 20], [main, 3, 30], [worker, 4, 40]] as const;
    for (const order of [[0, 1, 2, 3], [0, 2, 1, 3], [2, 3, 0, 1], [3, 2, 1, 0]]) {
      const totals = new ProcessTotals();
      for (const i of order) totals.add(samples[i]![0], SERIES.userTime, samples[i]![1], samples[i]![2]);
      assertEquals(cpu(totals), 4, String(order));
    }
  });

  it("add that of a later process with the same PID, also after a restart", () => {
    const totals = new ProcessTotals();
    totals.add(main, SERIES.userTime, 5, 10);
    const restored = ProcessTotals.of(JSON.parse(JSON.stringify(totals.stored)))!;
    restored.add({ key: "1-c", processKey: "1@host" }, SERIES.userTime, 2, 20);
    restored.add({ key: "1-d", processKey: "1@other host" }, SERIES.userTime, 3, 30);
    assertEquals(cpu(restored), 10);
  });

  it("leave out the memory of a program that has ended, or was silent for 5 minutes", () => {
    const totals = new ProcessTotals();
    const rss = (): unknown =>
      totals.metrics().find(({ name }) => name === "process_resident_memory_bytes")?.samples[0]?.value;
    totals.add(main, SERIES.rss, 100, 0);
    totals.add(worker, SERIES.rss, 110, 1); // of the same process
    totals.add({ key: "2-a", processKey: "2@host" }, SERIES.rss, 1_000, 200e9);
    assertEquals(rss(), 1_110);
    totals.forget(() => true, 301e9);
    assertEquals(rss(), 1_000);
    totals.ended("2-a");
    assertEquals(rss(), undefined);
  });
});

describe("the text format", () => {
  it("is the one that a scraper prefers", () => {
    const prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75," +
      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    assertEquals(textFormatFor(prometheus), "openmetrics");
    assertEquals(textFormatFor("application/openmetrics-text;q=0.2, text/plain;q=0.9"), "prometheus");
    for (const accept of [undefined, "", "*/*", "text/html", "application/openmetrics-text;version=2.0.0"]) {
      assertEquals(textFormatFor(accept), "prometheus");
    }
  });
});
