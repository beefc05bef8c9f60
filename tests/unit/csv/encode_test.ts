import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { CsvEncoder, encode } from "../../../src/csv/encode.ts";
import { ValueKind } from "../../../src/series.ts";
import type { Segment } from "../../../src/segment/segment.ts";
import { AWKWARD_DOUBLES, AWKWARD_LABELS, randomDouble, randomFrom, randomLabel } from "../../support/random.ts";
import { referenceCsv, seconds } from "../../support/reference_csv.ts";
import { openSegment } from "../../support/segments.ts";

const HEADER = "Timepoint,Measurement,Label,PID\r\n";
const SECOND = 1_000_000_000n;

/** The rows of a segment as text, without the header. */
function rowsIn(segment: Segment): string[] {
  return encode(segment).slice(HEADER.length).split("\r\n").slice(0, -1);
}

/** The slices that an encoder makes of a segment. */
function slicesOf(encoder: CsvEncoder, segment: Segment): { text: string; rows: number }[] {
  const slices = [];
  for (let row = 0; row < segment.count;) {
    const { bytes, next } = encoder.encode(segment, row);
    slices.push({ text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), rows: next - row });
    row = next;
  }
  return slices;
}

describe("CsvEncoder rows", () => {
  it("are timepoint, measurement, label and PID with CRLF, after a header", () => {
    const segment = openSegment(1024, ValueKind.number, 1_700_000_000_000_000_001n);
    segment.add("GET /", 0.25, 41);
    segment.add("GET, /", -3, 1e9 + 41);
    assertEquals(
      encode(segment),
      `${HEADER}1700000000000000042,0.25,GET /,4242\r\n1700000001000000042,-3,"GET, /",4242\r\n`,
    );
  });

  it("are absent from an empty segment", () => assertEquals(encode(openSegment(1024)), HEADER));

  it("have quotes where they are needed, and nowhere else", () => {
    const fields: Record<string, string> = {
      "": '""',
      "a,b": '"a,b"',
      'a"b': '"a""b"',
      '"': '""""',
      "a\rb": '"a\rb"',
      "a\nb": '"a\nb"',
      " a ": " a ",
      "#a": "#a",
      "=1+1": "=1+1",
      "'a'": "'a'",
      "a;b\tc": "a;b\tc",
      "\ufeff": "\ufeff",
      "\0": "\ufffd",
      "\ud800x\udc00": "\ufffdx\ufffd",
    };
    for (const [label, field] of Object.entries(fields)) {
      const segment = openSegment(1024);
      segment.add(label, 1, 0);
      assertEquals(
        encode(segment),
        `${HEADER}1700000000000000000,1,${field},4242\r\n`,
      );
    }
  });

  it("have measurements that read back exactly", () => {
    const random = randomFrom(3);
    const given = [...AWKWARD_DOUBLES, ...Array.from({ length: 2_000 }, () => randomDouble(random))];
    const segment = openSegment(64 * 1024);
    for (const value of given) assert(segment.add("x", value, 0) >= 0);
    const read = rowsIn(segment).map((row) => Number(row.split(",")[1]));
    assertEquals(read.findIndex((value, i) => !Object.is(value, given[i])), -1);
  });

  it("have durations in seconds with nine decimals", () => {
    const random = randomFrom(4);
    const edges = [
      0,
      1,
      999,
      1e3,
      999_999_999,
      1e9,
      1e9 + 1,
      59_999_999_999,
      8_388_608e9 - 1,
      8_388_608e9 + 1,
      2 ** 53 - 1,
    ];
    const given = [...edges, ...Array.from({ length: 2_000 }, () => Math.floor(random(2 ** 32) * 2 ** random(21)))];
    const segment = openSegment(64 * 1024, ValueKind.duration);
    for (const value of given) assert(segment.add("x", value, 0) >= 0);
    const measurements = rowsIn(segment).map((row) => row.split(",")[1]!);
    assertEquals(measurements, given.map(seconds));
    assert(measurements.every((text) => /^\d+\.\d{9}$/.test(text)));
  });
});

describe("CsvEncoder timepoints", () => {
  const edges = [
    0,
    1,
    5e8,
    1e9 - 1,
    1e9,
    1e9 + 1,
    2e9 - 1,
    2e9,
    2e9 + 1,
    8_388_608e9 - 1,
    8_388_608e9,
    9e15 - 1,
    9e15,
    2 ** 53 - 1,
  ];
  const epochOffsets: Record<string, bigint[]> = {
    "now": [1_700_000_000n * SECOND],
    "just before, on and after a second": [-1n, 0n, 1n].map((n) => 1_700_000_000n * SECOND + n),
    "at the epoch, when a machine without a clock starts": [0n, 1n, SECOND - 1n, SECOND],
    "when the seconds get another digit": [-1n, 0n, 1n].map((n) => 999_999_999n * SECOND + n),
    "as late as 64 bits go": [2n ** 63n - 1n],
  };
  for (const [when, times] of Object.entries(epochOffsets)) {
    it(`are exact with an epochOffset ${when}`, () => {
      for (const epochOffset of times) {
        const segment = openSegment(4096, ValueKind.number, epochOffset);
        for (const timepoint of [...edges, ...edges.toReversed()]) assert(segment.add("x", 1, timepoint) >= 0);
        assertEquals(
          rowsIn(segment).map((row) => BigInt(row.split(",")[0]!)),
          [...edges, ...edges.toReversed()].map((timepoint) => epochOffset + BigInt(timepoint)),
        );
      }
    });
  }

  it("are exact for random epoch offsets and timepoints", () => {
    const random = randomFrom(5);
    for (let i = 0; i < 200; i++) {
      const epochOffset = BigInt(1 + random(2 ** 32)) * SECOND + BigInt(random(3) - 1);
      const segment = openSegment(2048, ValueKind.number, epochOffset);
      for (let row = 0; row < segment.capacity; row++) {
        segment.add(
          "x",
          1,
          random(2) === 0 ? random(9e6) * 1e9 + random(3) : Math.floor(random(2 ** 32) * 2 ** random(21)),
        );
      }
      assertEquals(encode(segment), referenceCsv(segment));
    }
  });

  it("are exact with an epochOffset before the epoch", () => {
    for (const epochOffset of [-1n, -SECOND + 1n, -8n * SECOND - 500_000_000n, -8n * SECOND]) {
      const segment = openSegment(1024, ValueKind.number, epochOffset);
      for (const timepoint of [9e9, 9e9 + 1, 9.5e9]) segment.add("x", 1, timepoint);
      const timepoints = rowsIn(segment).map((row) => row.split(",")[0]);
      assertEquals(
        timepoints,
        [9e9, 9e9 + 1, 9.5e9].map((timepoint) => `${epochOffset + BigInt(timepoint)}`.padStart(10, "0")),
      );
    }
  });
});

describe("CsvEncoder slices", () => {
  it("hold whole rows, whatever the labels, and together the whole segment", () => {
    const random = randomFrom(6);
    const longest = [
      '"'.repeat(16_384),
      "\r\n".repeat(8_192),
      "\n".repeat(2 ** 20),
      "😀".repeat(4_096),
      "é,".repeat(5_461),
    ];
    const segment = openSegment(2 ** 20);
    for (let i = 0; i < 200; i++) segment.add(longest[random(longest.length)]!, randomDouble(random), i);
    for (let i = 0; i < 5_000; i++) segment.add(randomLabel(random), randomDouble(random), i * 3e8);
    for (let i = 0; segment.add(AWKWARD_LABELS[i % AWKWARD_LABELS.length]!, -Number.MAX_VALUE, i) >= 0; i++);
    assertEquals(segment.count, segment.capacity);

    const slices = slicesOf(new CsvEncoder(), segment);
    assert(slices.length > 20);
    assertEquals(slices.every(({ text, rows }) => rows > 0 && text.endsWith("\r\n")), true);
    assertEquals(HEADER + slices.map(({ text }) => text).join("") === referenceCsv(segment), true);
  });

  it("can begin at any row", () => {
    const segment = openSegment(4096);
    for (let i = 0; i < segment.capacity; i++) segment.add(`${i % 7}`, i, i);
    const rows = rowsIn(segment);
    const encoder = new CsvEncoder();
    for (const first of [segment.count - 1, 3, 0, 17, segment.count]) {
      const { bytes, next } = encoder.encode(segment, first);
      assertEquals(new TextDecoder().decode(bytes), rows.slice(first).map((row) => `${row}\r\n`).join(""));
      assertEquals(next, segment.count);
    }
  });

  it("are right if one encoder serves several segments in turn, and a reopened segment", () => {
    const encoder = new CsvEncoder();
    const one = openSegment(8192, ValueKind.number, SECOND);
    const two = openSegment(8192, ValueKind.duration, 3n * SECOND - 1n);
    for (let round = 2; round < 6; round++) {
      for (let i = 0; i < 100; i++) {
        one.add(`one ${round} ${i % 5}`, i, i);
        two.add(`${i % 3}, two`, i, i);
      }
      for (const segment of [one, two, one]) {
        assertEquals(HEADER + slicesOf(encoder, segment).map(({ text }) => text).join(""), referenceCsv(segment));
      }
      one.open(round, BigInt(round) * SECOND);
      two.open(round, SECOND);
    }
  });
});
