import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { ValueKind } from "../../../src/series.ts";
import { DurationSampler, NOT_RECORDING } from "../../../src/sampling/duration_sampler.ts";
import { randomFrom } from "../../support/random.ts";
import { OWNER } from "../../support/segments.ts";
import { FakeBufferOwner } from "../../support/fake/buffer_owner.ts";

function sampling(): { owner: FakeBufferOwner; sampler: DurationSampler; stop(label: unknown, id: unknown): void } {
  const owner = new FakeBufferOwner({ owner: { ...OWNER, kind: ValueKind.duration } });
  const sampler = new DurationSampler(owner.clock.now, owner.buffer);
  const stop = (label: unknown, id: unknown) => sampler.stop(label as string, id as number);
  return { owner, sampler, stop };
}

/** What was observed so far. */
function rowsOf(owner: FakeBufferOwner): [timepoint: number, value: number, label: string][] {
  owner.release();
  owner.buffer.seal();
  owner.release();
  return owner.taken.flatMap(({ rows }) => rows);
}

describe("DurationSampler", () => {
  it("measures from start to stop, and dates the observation at the stop", () => {
    const { owner, sampler } = sampling();
    owner.clock.time = 5_000;
    const id = sampler.start();
    owner.clock.time = 7_500;
    sampler.stop("x", id);
    assertEquals([id, rowsOf(owner), sampler.invalid], [5_000, [[7_500, 2_500, "x"]], 0]);
  });

  it("gives each sample an id of its own, though the clock stands still", () => {
    const { owner, sampler } = sampling();
    const ids = Array.from({ length: 1_000 }, () => sampler.start());
    assertEquals(new Set(ids).size, 1_000);
    assert(!ids.includes(NOT_RECORDING));
    for (const id of ids) sampler.stop("x", id);
    assertEquals(rowsOf(owner).map(([, value]) => value), ids.map(() => 0));
  });

  it("never measures less than nothing, in whatever order samples end", () => {
    const random = randomFrom(9);
    const { owner, sampler } = sampling();
    const running: number[] = [];
    for (let i = 0; i < 20_000; i++) {
      if (random(3) === 0) owner.clock.time += random(50);
      if (random(2) === 0) running.push(sampler.start());
      else if (running.length > 0) sampler.stop("x", running.splice(random(running.length), 1)[0]!);
    }
    const rows = rowsOf(owner);
    assert(rows.every(([, value]) => value >= 0 && Number.isInteger(value)));
    assertEquals(sampler.invalid, 0);
  });

  it("keeps samples of overlapping, nested and concurrent code apart", () => {
    const { owner, sampler } = sampling();
    const at = (time: number): number => owner.clock.time = time;
    at(10_000);
    const outer = sampler.start();
    at(11_000);
    const inner = sampler.start();
    at(13_000);
    sampler.stop("outer", outer);
    at(17_000);
    sampler.stop("inner", inner);
    assertEquals(rowsOf(owner), [[13_000, 3_000, "outer"], [17_000, 6_000, "inner"]]);
  });
});

describe("an id that is not of a running sample", () => {
  const foreign: Record<string, unknown> = {
    "unknown": 3,
    "NaN": NaN,
    "infinite": Infinity,
    "negative": -5_000,
    "fractional": 5_000.5,
    "of the future": 1e15,
    "past all that is exact": 2 ** 60,
    "a string": "5000",
    "null": null,
    "undefined": undefined,
    "an object": {},
    "an array": [5_000],
    "a number in an object": new Number(5_000),
    "a date": new Date(5),
    "true": true,
  };
  for (const [name, id] of Object.entries(foreign)) {
    it(`is counted and yields nothing: ${name}`, () => {
      const { owner, sampler, stop } = sampling();
      owner.clock.time = 5_000;
      sampler.start();
      owner.clock.time = 9_000;
      sampler.start();
      stop("x", id);
      assertEquals([rowsOf(owner), sampler.invalid], [[], 1]);
    });
  }

  it("is not counted if it says that nothing was recorded when the sample began", () => {
    const { owner, sampler, stop } = sampling();
    for (const id of [NOT_RECORDING, -0]) stop("x", id);
    assertEquals([rowsOf(owner), sampler.invalid], [[], 0]);
    stop(17, NOT_RECORDING);
    assertEquals(sampler.invalid, 1);
  });

  const poisonous: Record<string, unknown> = {
    "a bigint, as process.hrtime.bigint() gives": 5_000n,
    "a symbol": Symbol("id"),
    "an object without a prototype": Object.create(null),
    "an object that throws": { valueOf: () => JSON.parse("{") },
  };
  for (const [name, id] of Object.entries(poisonous)) {
    it(`is counted and does not throw: ${name}`, () => {
      const { owner, sampler, stop } = sampling();
      owner.clock.time = 5_000;
      sampler.start();
      stop("x", id);
      assertEquals([rowsOf(owner), sampler.invalid], [[], 1]);
    });
  }

  it("is counted when it is used again, among the last thousand", () => {
    const { owner, sampler } = sampling();
    const ids = Array.from({ length: 1_000 }, () => sampler.start());
    for (const id of ids) sampler.stop("x", id);
    for (const id of ids) sampler.stop("x", id);
    assertEquals([rowsOf(owner).length, sampler.invalid], [1_000, 1_000]);
  });

  it("is counted when it comes from before the recording, though the clock is the same", () => {
    const { owner, sampler } = sampling();
    const before = [sampler.start(), sampler.start()];
    const next = new DurationSampler(owner.clock.now, owner.buffer);
    for (const id of before) next.stop("x", id);
    owner.clock.time += 1e9;
    const later = new DurationSampler(owner.clock.now, owner.buffer);
    for (const id of before) later.stop("x", id);
    assertEquals([rowsOf(owner), later.invalid], [[], 2]);
  });

  it("does not spoil the samples that are running", () => {
    const { owner, sampler, stop } = sampling();
    const id = sampler.start();
    for (const wrong of [id + 1, id + 0.5, -id, id + 1024, id - 1024]) stop("x", wrong);
    owner.clock.time += 500;
    sampler.stop("x", id);
    assertEquals([rowsOf(owner).map(([, value]) => value), sampler.invalid], [[500 - (id - 1_000)], 5]);
  });
});

describe("a label that is no string", () => {
  it("is counted, and the sample may still be stopped with a better one", () => {
    const { owner, sampler, stop } = sampling();
    const id = sampler.start();
    for (const label of [undefined, null, 1, 1n, Symbol("x"), {}, ["x"], new String("x")]) stop(label, id);
    assertEquals([rowsOf(owner), sampler.invalid], [[], 8]);
    sampler.stop("", id);
    assertEquals([rowsOf(owner).map(([, , label]) => label), sampler.invalid], [[""], 8]);
  });
});
