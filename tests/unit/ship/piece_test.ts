import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { PieceReader } from "../../../src/ship/pieces/piece.ts";
import { bulkRows } from "../../../src/ship/targets/crate/bulk_rows.ts";

const encoder = new TextEncoder();

async function cut(content: string, channel: string): Promise<NonNullable<Awaited<ReturnType<PieceReader["cut"]>>>> {
  const bytes = encoder.encode(content);
  const handle = {
    readAt: (into: Uint8Array, at: number) => {
      const some = bytes.subarray(at, at + into.length);
      into.set(some);
      return some.length;
    },
  };
  const program = { pid: 7, isolate: "" };
  const owner = { of: () => program, idOf: () => -9223372036854775808n };
  const options = { stem: "a", file: "a.csv", firstRow: 3, offset: 0, size: bytes.length, owner, began: undefined };
  return (await new PieceReader().cut(handle, { ...options, channel }))!;
}

describe("a piece", () => {
  it("has the rows as CSV of six fields, whatever its file is called, and knows when the file began", async () => {
    const { content, rows, began } = await cut(
      '9007199254740993,-0,"",7\r\nnonsense\r\n5,NaN,"a\r\n,""b",7\r\n',
      'or,"ders',
    );
    assertEquals(
      new TextDecoder().decode(content),
      '9007199254740993,-0,"",7,"or,""ders",-9223372036854775808\n' +
        '5,NaN,"a\r\n,""b",7,"or,""ders",-9223372036854775808\n',
    );
    assertEquals([rows, began], [2, 9_007_199_254_740_993n]);
  });

  it("is written as JSON with exact integers", async () => {
    const piece = await cut('9007199254740993,-0,"",7\r\n5,NaN,"a\r\n,""b",7\r\n6,1,\\.,7\r\n', 'or,"ders');
    assertEquals([...bulkRows(piece)], [[
      '[3,9007199254740993,"-0","",7,-9223372036854775808]',
      '[4,5,"NaN","a\\r\\n,\\"b",7,-9223372036854775808]',
      '[5,6,"1","\\\\.",7,-9223372036854775808]',
    ]]);
  });
});
