import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { parse } from "../../../src/csv/parse.ts";
import { encode } from "../../../src/csv/encode.ts";
import { ValueKind } from "../../../src/series.ts";
import type { Segment } from "../../../src/segment/segment.ts";
import { asWritten } from "../../support/reference_csv.ts";
import { AWKWARD_LABELS, randomDouble, randomFrom, randomLabel } from "../../support/random.ts";
import { openSegment, OWNER } from "../../support/segments.ts";

const ANCHOR = 1_699_999_999_999_999_999n;

interface Given {
  readonly timepoint: number;
  readonly value: number;
  readonly label: string;
}

/** Passes observations through as many segments as it takes, and returns the texts of the segments. */
function encodeAll(observations: Given[], kind: ValueKind): string[] {
  const segment = openSegment(2 ** 23, kind, ANCHOR);
  const texts: string[] = [];
  const flush = (): void => {
    texts.push(encode(segment));
    segment.open(segment.sequence + 1, ANCHOR);
  };
  const add = (to: Segment, { timepoint, value, label }: Given): boolean => to.add(label, value, timepoint) >= 0;
  for (const observation of observations) {
    if (add(segment, observation)) continue;
    flush();
    if (!add(segment, observation)) throw new Error("Cannot add to an empty segment");
  }
  flush();
  return texts;
}

/** A timepoint near or far, after the zero of the clock or before it, but not before 1970. */
function randomTimepoint(random: (below: number) => number): number {
  const distance = Math.floor(random(2 ** 32) * 2 ** random(31));
  return random(2) === 0 ? distance : -Math.min(distance, 2 ** 60);
}

describe("encode and parse", () => {
  it("return 100,000 random observations unchanged to the bit", () => {
    const random = randomFrom(20231114);
    const given = Array.from({ length: 100_000 }, (): Given => ({
      timepoint: randomTimepoint(random),
      value: randomDouble(random),
      label: randomLabel(random),
    }));
    const read = encodeAll(given, ValueKind.number).flatMap(parse);
    assertEquals(read.length, given.length);
    // One comparison per row would cost more than the round trip.
    const differs = given.findIndex(({ timepoint, value, label }, i) => {
      const row = read[i]!;
      return row.timepoint !== ANCHOR + BigInt(timepoint) || !Object.is(row.measurement, value) ||
        row.label !== asWritten(label) || row.pid !== OWNER.pid;
    });
    assertEquals(read[differs], given[differs] as unknown as undefined);
  });

  it("return timepoints around the ends of seconds and of what a double holds exactly", () => {
    const given = [2 ** 53, 2 ** 53 - 1, 2 ** 53 - 2e9, 2 ** 56, 2 ** 60, 3e9, 1e9, 1].flatMap((timepoint) =>
      [0, 1, -1, 2, -2, 1e9, -1e9].flatMap((shift) => [timepoint + shift, -timepoint - shift])
    ).map((timepoint, value): Given => ({ timepoint, value, label: "x" }));
    const read = encodeAll(given, ValueKind.number).flatMap(parse);
    assertEquals(read.map(({ timepoint }) => timepoint), given.map(({ timepoint }) => ANCHOR + BigInt(timepoint)));
  });

  it("return a duration as the double nearest to its seconds", () => {
    const random = randomFrom(7);
    const given = Array.from({ length: 10_000 }, (): Given => ({
      timepoint: 0,
      value: Math.floor(random(2 ** 32) * 2 ** random(21)),
      label: "x",
    }));
    const read = encodeAll(given, ValueKind.duration).flatMap(parse);
    assertEquals(read.map(({ measurement }) => measurement), given.map(({ value }) => value / 1e9));
  });

  it("return the longest labels unchanged, or cut as documented", () => {
    const units = ['"', "\r\n", ",", "é", "😀", "\0", "\ud800", "a"];
    const labels = units.flatMap((unit) =>
      [16_380, 16_384, 16_385, 50_000].map((length) => unit.repeat(length / unit.length))
    );
    const read = encodeAll(labels.map((label, i) => ({ timepoint: i, value: i, label })), ValueKind.number).flatMap(
      parse,
    );
    assertEquals(read.map(({ label }, i) => label === asWritten(labels[i]!)), labels.map(() => true));
  });

  it("return each awkward label unchanged, alone in its file", () => {
    for (const label of AWKWARD_LABELS) {
      const segment = openSegment();
      segment.add(label, 1, 0);
      assertEquals(parse(encode(segment)).map((row) => row.label), [asWritten(label)]);
    }
  });
});
