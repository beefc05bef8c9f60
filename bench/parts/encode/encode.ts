/**
 * The cost of encoding rows as CSV, compared with two libraries.
 *
 * @module
 */

import { parse, stringify as stringifyStd } from "@std/csv";
import { stringify as stringifyNode } from "csv-stringify/sync";
import { CsvEncoder } from "../../../src/csv/encode.ts";
import { ValueKind } from "../../../src/series.ts";
import { Segment, type SegmentContent } from "../../../src/segment/segment.ts";
import { type Figure, reportFindings, spread } from "../../results/figure.ts";
import { randomNumbers } from "../../harness/random.ts";
import { alternate, ratio } from "../../harness/rounds.ts";
import { SEGMENT_BYTES } from "../../harness/segment_rows.ts";

const ROUNDS = 9;
const SEGMENTS_PER_ROUND = 8;

const PID = 4711;
const EPOCH = 1_795_360_370_305_798_096n;
const LABELS = ["my code block", "/orders [GET]", "/orders/:id [GET]", "/orders [POST]", 'a "quoted", label', "größer"];
/** Line ends of Kymo and `@std/csv`. */
const NODE_OPTIONS = { record_delimiter: "\r\n" };
const COLUMNS = ["Timepoint", "Measurement", "Label", "PID"];

/** A row in the form that the libraries take. */
type Row = [timepoint: string, measurement: string | number, label: string, pid: number];

/** The encoded data: two equal segments, and their rows. */
interface Material {
  readonly segments: readonly Segment[];
  readonly rows: readonly Row[];
}

/** Whole nanoseconds as seconds with nine decimals. */
function seconds(nanoseconds: number): string {
  const digits = String(nanoseconds).padStart(10, "0");
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

/** Fills a segment with observations some microseconds apart, with values from a random number. */
function material(kind: ValueKind, valueOf: (random: number) => number): Material {
  const owner = { pid: PID, isolate: "0badcafe", channel: "bench", kind };
  const segments = [1, 2].map(() => new Segment(new ArrayBuffer(SEGMENT_BYTES), owner));
  const [segment] = segments as [Segment];
  for (const one of segments) one.open(1, EPOCH);
  const random = randomNumbers();
  const rows: Row[] = [];
  for (let timepoint = 1; segment.count < segment.capacity; timepoint += Math.floor(random() * 40_000)) {
    const value = valueOf(random());
    const label = LABELS[Math.floor(random() * LABELS.length)]!;
    for (const one of segments) one.add(label, value, timepoint);
    rows.push([`${EPOCH + BigInt(timepoint)}`, kind === ValueKind.duration ? seconds(value) : value, label, PID]);
  }
  return { segments, rows };
}

/** Encodes a segment as a flush does, and calls back with each slice. */
function encode(encoder: CsvEncoder, segment: SegmentContent, take: (bytes: Uint8Array) => void): void {
  for (let row = 0; row < segment.count;) {
    const { bytes, next } = encoder.encode(segment, row);
    take(bytes);
    row = next;
  }
}

/** Throws unless all three write the same text, and it can be read back. */
function check({ segments, rows }: Material): void {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let ours = "";
  encode(new CsvEncoder(), segments[0]!, (bytes) => ours += decoder.decode(bytes));
  if (ours !== stringifyStd(rows)) throw new Error("Cannot compare: @std/csv writes another text");
  if (ours !== stringifyNode([...rows], NODE_OPTIONS)) {
    throw new Error("Cannot compare: csv-stringify writes another text");
  }
  const read = parse(ours, { columns: COLUMNS });
  const isSame = read.length === rows.length &&
    read.every((row, i) => COLUMNS.every((column, j) => row[column] === String(rows[i]![j])));
  if (!isSame) throw new Error("Cannot compare: what was written reads back as something else");
}

/** Measures one kind of values. */
async function measure(what: string, { segments, rows }: Material): Promise<Figure[]> {
  const encoder = new CsvEncoder();
  // Summed up and checked, so that no compiler can remove the work.
  let length = 0;
  /** Encodes all rows repeatedly, `times` rows in total. */
  const again = (write: (segment: Segment) => void) => (times: number): void => {
    // Alternates between two segments, so that the encoder prepares for each, as it does for each
    // flush.
    for (let i = 0; i < times / rows.length; i++) write(segments[i % segments.length]!);
  };
  const { ours, std, node, numbers } = await alternate({
    ours: again((segment) => encode(encoder, segment, (bytes) => length += bytes.length)),
    std: again(() => length += stringifyStd(rows).length),
    node: again(() => length += stringifyNode(rows as Row[], NODE_OPTIONS).length),
    numbers: again(() => {
      for (const [, value] of rows) if (typeof value === "number") length += String(value).length;
    }),
  }, { rounds: ROUNDS, times: SEGMENTS_PER_ROUND * rows.length });
  const writers = 3;
  const shortestRow = 30;
  if (length < writers * (1 + ROUNDS) * SEGMENTS_PER_ROUND * rows.length * shortestRow) {
    throw new Error("Cannot compare: too little was written");
  }
  const figures: Figure[] = [
    { what, unit: "ns", value: spread(ours!) },
    { what, against: "@std/csv stringify", unit: "x faster", value: ratio(std!, ours!), goal: { atLeast: 8 } },
    { what, against: "csv-stringify", unit: "x faster", value: ratio(node!, ours!), goal: { atLeast: 20 } },
  ];
  if (typeof rows[0]![1] === "string") return figures;
  const alone = "String() of the doubles alone";
  return [
    ...figures,
    { what: alone, unit: "ns", value: spread(numbers!) },
    { what: alone, against: "@std/csv stringify", unit: "x faster", value: ratio(std!, numbers!) },
    { what: alone, against: "csv-stringify", unit: "x faster", value: ratio(node!, numbers!) },
  ];
}

/** Durations of code, in ns: half take less than 20 µs, one in a hundred takes over 50 ms. */
const durations = material(ValueKind.duration, (random) => Math.round(5_000 / (1 - random) ** 2));
/** Doubles of any size, with all their digits. */
const doubles = material(ValueKind.number, (random) => (random - 0.5) * 10 ** (Math.floor(random * 1e6) % 20 - 6));
check(durations);
check(doubles);
reportFindings({
  figures: [...await measure("a row with a duration", durations), ...await measure("a row with any double", doubles)],
});
