import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { displayWidth } from "../../../../src/display/text_width.ts";
import { type Column, formatTable } from "../../../../src/cli/terminal/table.ts";

interface Row {
  readonly label: string;
  readonly count: number;
  readonly mean: string;
}

const columns: readonly Column<Row>[] = [
  { title: "label", side: "left", narrowest: 8, cell: ({ label }) => label },
  { title: "count", cell: ({ count }) => `${count}` },
  { title: "mean", rank: 1, cell: ({ mean }) => mean, style: (text) => `<${text}>` },
];

const rows: readonly Row[] = [
  { label: "/orders/:id/items [GET]", count: 1, mean: "1.00s" },
  { label: "日本語 👍", count: 12_345, mean: "82.1µs" },
];

/** The lines of the table. */
function lines(width?: number, hasColors = false): string[] {
  return formatTable(columns, rows, { width, hasColors }).split("\n").slice(0, -1);
}

describe("a table", () => {
  it("is as wide as its cells in an unlimited terminal", () => {
    assertEquals(lines(), [
      "label                    count    mean",
      "/orders/:id/items [GET]      1   1.00s",
      "日本語 👍                12345  82.1µs",
    ]);
  });

  it("shortens cells first", () => {
    assertEquals(lines(30), [
      "label            count    mean",
      "/orders…s [GET]      1   1.00s",
      "日本語 👍        12345  82.1µs",
    ]);
  });

  it("then drops columns, and gives their width to the others", () => {
    assertEquals(lines(20), [
      "label          count",
      "/order… [GET]      1",
      "日本語 👍      12345",
    ]);
  });

  it("never exceeds a width that has room for the columns without a rank", () => {
    for (let width = 15; width < 50; width++) {
      for (const line of lines(width)) assertEquals(displayWidth(line) <= width, true, `${width}: ${line}`);
    }
  });

  it("styles headings and cells only where there are colours", () => {
    const [title = "", first = ""] = lines(undefined, true);
    assertEquals(title.startsWith("\x1b[1mlabel"), true);
    assertEquals(first.endsWith("< 1.00s>"), true);
  });

  it("has headings even without rows", () => {
    assertEquals(formatTable(columns, [], { hasColors: false }), "label  count  mean\n");
  });
});
