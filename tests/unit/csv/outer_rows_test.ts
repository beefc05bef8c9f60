import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { HEADER } from "../../../src/csv/dialect.ts";
import { outerTimepoints } from "../../../src/csv/outer_rows.ts";
import { MemoryDisk } from "../../support/fake/memory_disk.ts";
import { bytes } from "../../support/fake/published_files.ts";

/** The outer timepoints of a file with this text, and the bytes that were read of it. */
function outerOf(text: string): { range: ReturnType<typeof outerTimepoints>; read: number } {
  const disk = new MemoryDisk();
  disk.plant("/x.csv", "file", bytes(text));
  const file = disk.open("/x.csv");
  let read = 0;
  const readAt = (into: Uint8Array, at: number): number => {
    read += into.length;
    return file.readAt(into, at);
  };
  const counting = { ...file, readAt, status: () => file.status() };
  return { range: outerTimepoints(counting), read };
}

const row = (timepoint: number, label = "x"): string => `${timepoint},0.5,${label},7\r\n`;

describe("outerTimepoints", () => {
  it("gives the timepoints of the first and last row, without reading what is between them", () => {
    const rows = Array.from({ length: 10_000 }, (_, i) => row(1_000 + i)).join("");
    const { range, read } = outerOf(HEADER + rows);
    assertEquals([range, read < 4_096], [{ first: 1_000n, last: 10_999n }, true]);
    assertEquals(outerOf(HEADER + row(5)).range, { first: 5n, last: 5n });
  });

  it("accepts labels with line feeds, and long ones", () => {
    for (const label of ['"a\r\n\r\nb"', `"${"x".repeat(20_000)}\n"`, "y".repeat(3_000)]) {
      assertEquals(outerOf(HEADER + row(1) + row(2, label)).range, { first: 1n, last: 2n }, label.slice(0, 9));
    }
  });

  it("is undefined without a header, without rows, and if the last row is torn or not a row", () => {
    for (
      const text of [
        "",
        HEADER,
        row(1),
        HEADER + row(1) + "2,0.5",
        `${HEADER}${row(1)}x\r\n`,
        `${HEADER}x\r\n${row(1)}`,
      ]
    ) {
      assertEquals(outerOf(text).range, undefined, text);
    }
  });
});
