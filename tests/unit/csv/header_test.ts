import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { HEADER } from "../../../src/csv/dialect.ts";
import { beginsHeader, headerStyle, whyNotHeader } from "../../../src/csv/header.ts";

const BOM = "\xef\xbb\xbf";

describe("headerStyle", () => {
  it("accepts the names of the columns, in quotes or not, after a byte-order mark, with spaces", () => {
    const plain = { isSpaced: false, isPadded: false };
    assertEquals(headerStyle("Timepoint,Measurement,Label,PID"), plain);
    assertEquals(headerStyle('"Timepoint","Measurement","Label","PID"'), plain);
    assertEquals(headerStyle('Timepoint,Measurement,"Label",PID'), plain);
    assertEquals(headerStyle("Timepoint, Measurement, Label, PID"), { isSpaced: true, isPadded: false });
    assertEquals(headerStyle('"Timepoint", "Measurement", "Label", "PID"'), { isSpaced: true, isPadded: false });
    assertEquals(headerStyle(`${BOM}"Timepoint","Measurement","Label","PID"`), { isSpaced: false, isPadded: true });
    assertEquals(headerStyle("Timepoint,Measurement,Label,PID "), { isSpaced: false, isPadded: true });
  });

  it("accepts nothing else", () => {
    for (
      const line of [
        "",
        "timepoint,measurement,label,pid",
        "Timepoint,Measurement,Label",
        "Timepoint,Measurement,Label,PID,Host",
        '"Timepoint,Measurement,Label,PID"',
        '"Timepoint,Measurement,Label,PID',
        '"Timepoint" ,"Measurement","Label","PID"',
        "1,2,a,3",
      ]
    ) assertEquals(headerStyle(line), undefined, line);
  });
});

it("beginsHeader accepts every beginning of a header in each of its forms", () => {
  for (const header of [HEADER, HEADER.replaceAll(",", ", "), BOM + HEADER, HEADER.replaceAll(/\w+/g, '"$&"')]) {
    for (let end = 0; end <= header.length; end++) {
      const isInMark = header.startsWith(BOM) && end > 0 && end < BOM.length;
      assertEquals(beginsHeader(header.slice(0, end)), !isInMark, header.slice(0, end));
    }
  }
  for (const line of ["x", "Timepoint,x", "1"]) assertEquals(beginsHeader(line), false, line);
});

it("whyNotHeader says what a file is instead", () => {
  const expected = "Timepoint,Measurement,Label,PID";
  const lines: [line: string, why: string][] = [
    ["Timepoint;Measurement;Label;PID\n1;2;a;3", "its fields are separated by semicolons, not commas"],
    ["Timepoint\tMeasurement\tLabel\tPID\r\n", "its fields are separated by tabs, not commas"],
    [`${BOM}"Timepoint";"Measurement";"Label";"PID"`, "its fields are separated by semicolons, not commas"],
    ["Timepoint,Measurement,Label,PID\r1,2,a,3\r", "its lines end with CR alone"],
    ["\xff\xfeT\0i\0m\0e\0", "it is in UTF-16, not in UTF-8"],
    ["\0T\0i\0m\0e\0", "it is in UTF-16, not in UTF-8"],
    ["\x1f\x8b\b\0", "it is compressed: decompress it with gzip -d"],
    ["\xfd7zXZ\0", "it is compressed: decompress it with xz -d"],
    ["PK\x03\x04", "it is compressed: decompress it with unzip"],
    ["1700000000000000001,2,a,3\n", `it has no header: its first line is not ${expected}`],
    ["PID,Label,Measurement,Timepoint\n", `its columns are not ${expected}, in this order and without others`],
    ['"","Timepoint","Measurement","Label","PID"', `its columns are not ${expected}, in this order and without others`],
    ["name,value\n", `its first line is not ${expected}`],
    ["\n1,2,a,3\n", `its first line is not ${expected}`],
  ];
  for (const [line, why] of lines) assertEquals(whyNotHeader(line), why, JSON.stringify(line));
});
