import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { scratchDirectory } from "../../../support/scratch_directory.ts";
import { isFullSuite, shortOrFull } from "../../../support/faults/suite_size.ts";
import { Reader } from "../../../support/analysis/duckdb_reader.ts";
import { expectedContent } from "../../../support/analysis/row_oracle.ts";

/** Files that are damaged at random. */
const RUNS = shortOrFull(300, 20_000);

const encoder = new TextEncoder();

const timepoint = fc.oneof(
  fc.bigInt({ min: 1_600_000_000_000_000_000n, max: 1_800_000_000_000_000_000n }).map(String),
  fc.constantFrom(
    "0",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "007",
    "1.5",
    "1e3",
    " 1",
    "0x10",
    "1_000",
    "+1",
    "",
  ),
);
const measurement = fc.oneof(
  fc.double().map((value) => Object.is(value, -0) ? "-0" : String(value)),
  fc.nat(10 ** 9).map((nanoseconds) => (nanoseconds / 1e9).toFixed(9)),
  fc.constantFrom(
    "nan",
    "inf",
    "-inf",
    "NaN",
    "-Infinity",
    "1e999",
    "4.9E-324",
    ".5",
    "5.",
    "1e",
    "0x1",
    "-nan",
    "infinity",
    " 1",
    "1 ",
    "NULL",
    "true",
    "1_0",
    "",
  ),
);
const label = fc.oneof(
  fc.constantFrom(
    "GET /",
    "a",
    " spaced ",
    '"GET, /"',
    '""',
    '"say ""hi"""',
    '"a\nb"',
    '"a\r\n1,2,c,3\r\nd"',
    "naïve 😀",
    "#",
    "\ufeff",
    "NULL",
  ),
  fc.constantFrom("", 'a"b', '"a"b', ' "a"', '"a" ', '"', '"""', "\0", '"\0"', "\r"),
);
const pid = fc.oneof(
  fc.nat(99_999).map(String),
  fc.constantFrom("4294967295", "4294967296", "-1", "", "7 ", "1.5", "7,", "7,8"),
);
/** A field in quotes, if it has none. */
const quote = (field: string): string => field.includes('"') ? field : `"${field}"`;
const usual = <T>(arbitrary: fc.Arbitrary<T>, value: T) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(value) }, arbitrary);
const line = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.tuple(
      usual(timepoint, "1700000000000000001"),
      usual(measurement, "0.000000500"),
      usual(label, "x"),
      usual(pid, "7"),
      fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.constant(15), fc.nat(15)),
    ).map(([timepoint, measurement, label, pid, quoted]) =>
      [timepoint, measurement, label, pid].map((field, i) => quoted >> i & 1 ? quote(field) : field).join(",")
    ),
  },
  fc.constantFrom("", "Timepoint,Measurement,Label,PID", "1,2,3", "x", '1,2,"', '"1', '"1","2","a","3', " ", "\r"),
);

/** What happens to the bytes of a file. */
const damage = fc.oneof(
  fc.record({ kind: fc.constant("cut" as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({
    kind: fc.constant("byte" as const),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    byte: fc.oneof(fc.constantFrom(0, 10, 13, 34, 44, 46, 95, 255), fc.nat(255)),
  }),
  fc.record({
    kind: fc.constant("zeros" as const),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(40),
  }),
);

const HEADER = "Timepoint,Measurement,Label,PID";
const QUOTED_HEADER = '"Timepoint","Measurement","Label","PID"';

const file = fc.record({
  header: fc.constantFrom(HEADER, QUOTED_HEADER),
  lines: fc.array(line, { maxLength: 12 }),
  ends: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(["\n"], ["\r\n"]) }, fc.constant(["\n", "\r\n"])),
  damages: fc.array(damage, { maxLength: 2 }),
}).map(({ header, lines, ends, damages }) => {
  const text = [header, ...lines].map((line, i) => line + ends[i % ends.length]).join("");
  let bytes = encoder.encode(text);
  const head = header.length + ends[0]!.length;
  for (const harm of damages) {
    const at = head + Math.floor(harm.at * (bytes.length - head));
    if (harm.kind === "cut") bytes = bytes.slice(0, at);
    else if (harm.kind === "zeros") bytes.fill(0, at, at + harm.length);
    else if (at < bytes.length) bytes[at] = harm.byte;
  }
  return bytes;
});

describe("openSources with a damaged CSV", () => {
  it("gives its whole rows, and the lines of all others, also of one in gzip", { timeout: 1_800_000 }, async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    let count = 0;
    await fc.assert(
      fc.asyncProperty(file, async (bytes) => {
        const isGzip = count % 3 === 0;
        const path = scratch.at(`duration.${count++}.csv${isGzip ? ".gz" : ""}`);
        writeFileSync(path, isGzip ? gzipSync(bytes) : bytes);
        const expected = expectedContent(bytes);
        const sources = await reader.open(path);
        const rows = await reader.rows(sources, "duration");
        assertEquals(rows, expected.rows.sort());
        const { unread, problems } = sources.reading;
        assertEquals(
          problems.map(({ file, line, rows }) => [file, line, rows]),
          expected.unread.map((line) => [path, line, 1]),
        );
        assertEquals(unread, expected.unread.length);
      }),
      { numRuns: RUNS, ...!isFullSuite && { seed: 17 } },
    );
  });
});
