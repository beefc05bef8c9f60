import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { compareQuantities, type QuantityComparison, TelemetryDB } from "../../../../src/analysis/mod.ts";
import { KymoError } from "../../../../src/errors.ts";
import { Recordings, type Row } from "../../../support/analysis/comparison_runs.ts";

/** What a run of 100 seconds is like. */
interface Behaviour {
  readonly rss: number;
  /** Bytes a second. */
  readonly growth: number;
  /** Cores. */
  readonly cpu: number;
  readonly lag: number;
  /** Share of the time. */
  readonly gc: number;
  /** Requests a second. */
  readonly rate: number;
}

const USUAL: Behaviour = { rss: 1e8, growth: 0, cpu: 0.2, lag: 0.002, gc: 0.01, rate: 10 };

/** The rows of a run, which differ a little from second to second. */
function rowsOf(behaviour: Partial<Behaviour> = {}): { duration: Row[]; runtime: Row[] } {
  const { rss, growth, cpu, lag, gc, rate } = { ...USUAL, ...behaviour };
  const runtime = Array.from({ length: 100 }, (_, time): Row[] => {
    const noise = 1 + (time * 7 % 10 - 4.5) / 1_000;
    return [
      { time, label: "rss", value: rss * noise + growth * time },
      { time, label: "user time", value: cpu * 0.75 * time },
      { time, label: "system time", value: cpu * 0.25 * time },
      { time, label: "gc collections", value: time },
      { time, label: "gc pause", value: gc * noise },
      { time, label: "event loop lag", value: lag * noise },
    ];
  }).flat();
  const duration = Array.from({ length: rate * 100 }, (_, i) => ({ time: i / rate, value: 0.01, label: "/a [GET]" }));
  return { duration, runtime };
}

async function compared(
  a: readonly Record<string, Row[]>[],
  b: readonly Record<string, Row[]>[],
): Promise<Map<string, QuantityComparison>> {
  using recordings = new Recordings();
  const open = (runs: readonly Record<string, Row[]>[]) =>
    Promise.all(runs.map(async (run) => ({ db: await TelemetryDB.open(recordings.write(run)) })));
  const [runsA, runsB] = [await open(a), await open(b)];
  try {
    return new Map((await compareQuantities(runsA, runsB)).map((of) => [of.quantity, of]));
  } finally {
    for (const { db } of [...runsA, ...runsB]) await db[Symbol.asyncDispose]();
  }
}

describe("compareQuantities", () => {
  it("tells what is more, less and the same, by ten blocks of the time", async () => {
    const found = await compared([rowsOf()], [rowsOf({ rss: 1.5e8, cpu: 0.1, gc: 0.05, lag: 0.002 })]);
    const verdicts = Array.from(found.values(), ({ quantity, verdict }) => [quantity, verdict]);
    assertEquals(verdicts, [
      ["memory", "more"],
      ["memory growth", "same"],
      ["gc", "more"],
      ["cpu", "less"],
      ["lag", "same"],
    ]);
    assertAlmostEquals(found.get("memory")!.change!, 1.5, 0.01);
    assertAlmostEquals(found.get("cpu")!.change!, 0.5, 0.02);
    assertAlmostEquals(found.get("cpu")!.a!, 0.02, 0.002);
    assertAlmostEquals(found.get("gc")!.change!, 0.04, 0.002);
    assertAlmostEquals(found.get("lag")!.a!, 0.002, 1e-5);
    for (const { interval, change } of found.values()) assert(interval![0] <= change! && change! <= interval![1]);
  });

  it("tells a leak by how fast memory grows", async () => {
    const found = await compared([rowsOf()], [rowsOf({ growth: 1e6 })]);
    const { verdict, scale, change } = found.get("memory growth")!;
    assertEquals([verdict, scale], ["more", "difference"]);
    assertAlmostEquals(change!, 1e6, 5e4);
  });

  it("says what only one side recorded, or for too short a time, and leaves out what neither did", async () => {
    const only = (label: string) => ({ runtime: rowsOf().runtime.filter((row) => row.label === label) });
    const found = await compared([only("rss")], [{ runtime: only("event loop lag").runtime.slice(0, 3) }]);
    assertEquals(Array.from(found.values(), ({ quantity, reason }) => [quantity, reason]), [
      ["memory", "only in a"],
      ["memory growth", "only in a"],
      ["lag", "only in b"],
    ]);
    const short = await compared([only("rss")], [{ runtime: only("rss").runtime.slice(0, 3) }]);
    const { verdict, interval, reason } = short.get("memory")!;
    assertEquals([verdict, interval, reason], [
      "cannot tell",
      undefined,
      "b: too short, or recorded in a part of its time",
    ]);
  });

  it("does not take what differs from run to run for a change of groups", async () => {
    const runs = (...sizes: number[]) => sizes.map((rss) => rowsOf({ rss }));
    const noisy = await compared(runs(1e8, 1.4e8, 0.8e8), runs(1.5e8, 0.9e8, 1.2e8));
    const { verdict, needed, a } = noisy.get("memory")!;
    assertEquals(verdict, "cannot tell");
    assert(needed! > 3);
    assertAlmostEquals(a!, 1.0667e8, 1e6);
    const clear = await compared(runs(1e8, 1.01e8, 0.99e8), runs(1.5e8, 1.51e8, 1.49e8));
    assertEquals(clear.get("memory")!.verdict, "more");
    const one = await compared([rowsOf(), { duration: rowsOf().duration }], runs(1e8, 1e8));
    assertEquals(one.get("memory")!.reason, "a: only one of its runs has it");
  });

  it("refuses one run with several, and wrong options", async () => {
    await using db = await TelemetryDB.open(import.meta.dirname!).catch(() => TelemetryDB.open([]));
    await assertRejects(() => compareQuantities({ db }, [{ db }, { db }]), KymoError, "Cannot compare: 1 with 2");
    await assertRejects(() => compareQuantities({ db }, { db }, { margin: -1 }), KymoError, "margin must be");
  });
});
