import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { parse } from "../../../src/csv/parse.ts";
import { KymoError } from "../../../src/errors.ts";

/** Asserts that `text` is refused as invalid data, and returns the error. */
function refusal(text: string, message = "Cannot read the CSV: "): KymoError {
  const error = assertThrows(() => parse(text), KymoError, message);
  assertEquals(error.code, "invalid-data");
  return error;
}

const HEADER = "Timepoint,Measurement,Label,PID\r\n";
const ROW = "1700000000000000001,0.25,GET /,42\r\n";
const READ = { timepoint: 1700000000000000001n, measurement: 0.25, label: "GET /", pid: 42 };

describe("parse", () => {
  it("reads files of the Python original", () => {
    const text = HEADER +
      "1700000000123456789,0.00012345600000000001,my code block id,4711\r\n" +
      '1700000000123456790,1e-05,"/items/{id} [GET], v2",4711\r\n' +
      '1700000000123456791,3.0,"say ""hi""",4711\r\n' +
      "1700000000123456792,12,gc collections,4711\r\n";
    assertEquals(parse(text).map(({ measurement, label }) => [measurement, label]), [
      [0.00012345600000000001, "my code block id"],
      [0.00001, "/items/{id} [GET], v2"],
      [3, 'say "hi"'],
      [12, "gc collections"],
    ]);
    assertEquals(parse(text)[0]!.timepoint, 1700000000123456789n);
  });

  it("reads a file without rows", () => {
    assertEquals(parse(HEADER), []);
    assertEquals(parse(HEADER.trimEnd()), []);
  });

  it("accepts the line ends and byte-order marks of editors", () => {
    for (
      const text of [
        HEADER + ROW,
        (HEADER + ROW).replaceAll("\r\n", "\n"),
        (HEADER + ROW).trimEnd(),
        `\ufeff${HEADER}${ROW}`,
      ]
    ) {
      assertEquals(parse(text), [READ]);
    }
  });

  it("reads fields in quotes as those without", () => {
    const quoted = (HEADER + ROW).replaceAll(/[^,\r\n]+/g, '"$&"');
    assertEquals(quoted.split("\r\n")[1], '"1700000000000000001","0.25","GET /","42"');
    assertEquals(parse(quoted), [READ]);
    assertEquals(parse(HEADER.replaceAll(/\w+/g, '"$&"') + '1,"-Infinity","say ""hi"", ",7\n'), [
      { timepoint: 1n, measurement: -Infinity, label: 'say "hi", ', pid: 7 },
    ]);
    refusal(`${HEADER}"1,2,a,3\r\n`, "its timepoint is not a whole number");
  });

  it("keeps CR, LF and CRLF in labels apart", () => {
    for (const label of ["\r", "\n", "\r\n", "a\r\r\nb\n\r"]) {
      assertEquals(parse(`${HEADER}1,1,"${label}",1\r\n1,1,"${label}",1\r\n`).map((row) => row.label), [label, label]);
    }
  });

  it("refuses a line that begins with #, which is not a comment", () => {
    refusal(`${HEADER}#1,1,x,1\r\n`, "row 1");
  });

  it("reads NaN, infinities and -0", () => {
    const text = HEADER + ["NaN", "Infinity", "-Infinity", "-0"].map((number) => `1,${number},x,1\r\n`).join("");
    assertEquals(parse(text).map(({ measurement }) => measurement), [NaN, Infinity, -Infinity, -0]);
  });

  const headers: Record<string, string> = {
    "nothing": "",
    "another header": "a,b,c,d\r\n",
    "the header in another order": "Measurement,Timepoint,Label,PID\r\n",
    "the header in lower case": HEADER.toLowerCase(),
    "a header with a column more": "Timepoint,Measurement,Label,PID,x\r\n",
    "a header with a column less": "Timepoint,Measurement,Label\r\n",
    "a torn header": "Timepoint,Measure",
    "no header": ROW,
  };
  for (const [name, text] of Object.entries(headers)) {
    it(`refuses ${name}`, () => {
      const error = refusal(text);
      assertMatch(error.message, /^Cannot read the CSV: not the header Timepoint,Measurement,Label,PID: ".*"$/);
    });
  }

  it("refuses a header with quoted commas", () => {
    refusal('Timepoint,"Measurement,Label",PID\r\n', "not the header");
    refusal('"Timepoint,Measurement,Label,PID"\r\n', "not the header");
  });

  const rows: Record<string, string> = {
    "too few fields": "1,1,x\r\n",
    "too many fields": "1,1,x,1,1\r\n",
    "a torn row": "170000000000",
    "a row torn after the label": "1,1,x",
    "a timepoint that is no whole number": "1.5,1,x,1\r\n",
    "a timepoint in another notation": "1e9,1,x,1\r\n",
    "an empty timepoint": ",1,x,1\r\n",
    "a measurement that is no number": "1,one,x,1\r\n",
    "an empty measurement": "1,,x,1\r\n",
    "a PID that is no number": "1,1,x,-1\r\n",
    "an empty PID": "1,1,x,\r\n",
    "a second header": HEADER,
  };
  for (const [name, row] of Object.entries(rows)) {
    it(`refuses ${name}, and names the row`, () => {
      const error = refusal(HEADER + ROW + row + (row.endsWith("\n") ? ROW : ""));
      assertMatch(error.message, /^Cannot read the CSV: row 2 is not an observation: "/);
    });
  }

  it("refuses a row with an unclosed or misplaced quote", () => {
    for (const row of ['1,1,"torn', '1,1,"torn\r\n', '1,1,"torn""', '1,1,a"b,1\r\n', '1,1,"a"b,1\r\n']) {
      const error = refusal(HEADER + ROW + row);
      assertMatch(error.message, /^Cannot read the CSV: /);
    }
  });

  it("refuses a measurement of blanks, which JavaScript reads as 0", () => {
    for (const blank of [" ", "\t", '" "', '"\n"']) {
      refusal(`${HEADER}1,${blank},x,1\r\n`, "row 1 is not an observation");
    }
  });
});
