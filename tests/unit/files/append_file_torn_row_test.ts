import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { encode } from "../../../src/csv/encode.ts";
import { FileError, type FileHandle } from "../../../src/runtime.ts";
import { wholeRowsEnd, WRONG_FILE } from "../../../src/files/append_file.ts";
import { MemoryDisk } from "../../support/fake/memory_disk.ts";
import { bytes } from "../../support/fake/published_files.ts";
import { AWKWARD_LABELS } from "../../support/random.ts";
import { openSegment } from "../../support/segments.ts";

const HEADER = "Timepoint,Measurement,Label,PID\r\n";

/** Encoded rows with these labels. */
function rowsWith(labels: readonly string[]): Uint8Array[] {
  return labels.map((label, i) => {
    const segment = openSegment(2 ** 20);
    segment.add(label, i / 3, i);
    return bytes(encode(segment).slice(HEADER.length));
  });
}

/** An open file with this content. */
function fileOf(...parts: Uint8Array[]): { handle: FileHandle; size: number } {
  const disk = new MemoryDisk();
  const content = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    content.set(part, at);
    at += part.length;
  }
  disk.plant("/x.csv", "file", content);
  return { handle: disk.open("/x.csv"), size: content.length };
}

/**
 * Cuts a file at each byte in turn, and returns the texts for which the end of the last whole row
 * was wrong.
 */
function wrongTears(parts: Uint8Array[]): string[] {
  const wrong: string[] = [];
  const { handle, size } = fileOf(...parts);
  const ends = [0];
  for (const part of parts) ends.push(ends.at(-1)! + part.length);
  for (let end = size, whole = ends.length - 1; end >= 0; end--) {
    if (end < ends[whole]!) whole--;
    handle.truncate(end);
    if (wholeRowsEnd(handle, end) === ends[whole]) continue;
    const text = new Uint8Array(end);
    handle.readAt(text, 0);
    wrong.push(new TextDecoder().decode(text));
  }
  return wrong;
}

const LIKE_ROWS = [
  "\r\n1700000000000000000,1,x,1\r\n",
  '\r\n1700000000000000000,1,"x",1\r\n',
  "1700000000000000000,1,x,1\r\n",
  "\r\n1,1,,1\r\n1,1,,1\r\n\r\n",
];

describe("wholeRowsEnd", () => {
  it("finds the last whole row wherever the file is torn", () => {
    const labels = AWKWARD_LABELS.filter((label) => !/,\d+\r\n/.test(label));
    assertEquals(wrongTears([bytes(HEADER), ...rowsWith(labels)]), []);
  });

  it("finds the last row if that is whole, even if its label reads like rows", () => {
    const { handle, size } = fileOf(bytes(HEADER), ...rowsWith(LIKE_ROWS));
    assertEquals(wholeRowsEnd(handle, size), size);
  });

  it("finds it also if labels read like rows, except just after such a row, as documented", () => {
    const wrong = wrongTears([bytes(HEADER), ...rowsWith(LIKE_ROWS)]);
    assertEquals(wrong.filter((text) => !/\r\n\d+,1,x?,1\r\n$/.test(text)), []);
  });

  it("finds the last whole row after labels of any length", () => {
    for (const unit of ["x", '"', "\r\n", ",", '",1\r\n', "\r\n1,1,"]) {
      for (const length of [900, 1024, 1100, 16_384]) {
        const [first, long] = rowsWith(["first", unit.repeat(length / unit.length)]) as [Uint8Array, Uint8Array];
        const whole = HEADER.length + first.length;
        const { handle, size } = fileOf(bytes(HEADER), first, long);
        assertEquals(wholeRowsEnd(handle, size), size, `${length} of ${JSON.stringify(unit)}`);
        for (const torn of [size - 1, size - 2, size - 8, size - length / 2, whole + 1]) {
          handle.truncate(Math.floor(torn));
          assertEquals(wholeRowsEnd(handle, Math.floor(torn)), whole, `${length} of ${JSON.stringify(unit)}`);
        }
      }
    }
  });

  it("finds the last whole row, however few bytes the system reads at a time", () => {
    const parts = [bytes(HEADER), ...rowsWith(["a", "b\r\nc", '"']), bytes("1700000000000000000,1")];
    const { handle, size } = fileOf(...parts);
    const slow = { ...handle, readAt: (into: Uint8Array, at: number) => handle.readAt(into.subarray(0, 3), at) };
    assertEquals(wholeRowsEnd(slow, size), size - parts.at(-1)!.length);
    assertEquals(wholeRowsEnd(slow, size - parts.at(-1)!.length), size - parts.at(-1)!.length);
  });

  it("is 0 in an empty file and in a torn header", () => {
    for (let length = 0; length < HEADER.length; length++) {
      const { handle } = fileOf(bytes(HEADER.slice(0, length)));
      assertEquals(wholeRowsEnd(handle, length), 0);
    }
  });

  it("refuses a file that was rewritten with fields in quotes, torn or whole, or has lost its header", () => {
    const header = HEADER.replaceAll(/\w+/g, '"$&"');
    const row = '1700000000000000000,1,"x",1\r\n';
    const quoted = '"1700000000000000000","1","x","1"\r\n';
    for (const text of [header, header + quoted, header + quoted + quoted.slice(0, 9), header + row, row]) {
      const { handle, size } = fileOf(bytes(text));
      const { code } = assertThrows(() => wholeRowsEnd(handle, size), FileError);
      assertEquals([code, handle.status().size], [WRONG_FILE, size]);
    }
  });
});
