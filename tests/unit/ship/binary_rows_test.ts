import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { PieceReader } from "../../../src/ship/pieces/piece.ts";
import { binaryRows } from "../../../src/ship/targets/postgres/binary_rows.ts";
import { randomNumbers } from "../../support/random.ts";

const PROGRAM = -9223372036854775808n;

type Row = readonly [timepoint: bigint, measurement: number, label: string, pid: number];

/** The rows of some CSV in PostgreSQL's binary format, as a reader of that finds them. */
async function binaryRowsOf(content: string, channel: string): Promise<Row[]> {
  const bytes = new TextEncoder().encode(content);
  const handle = {
    readAt(into: Uint8Array, at: number): number {
      const some = bytes.subarray(at, at + into.length);
      into.set(some);
      return some.length;
    },
  };
  const programs = new Map<number, { pid: number; isolate: string }>();
  const owner = {
    of({ pid }: { readonly pid: number }) {
      if (!programs.has(pid)) programs.set(pid, { pid, isolate: "" });
      return programs.get(pid)!;
    },
    idOf: () => PROGRAM,
  };
  const options = { stem: "a", file: "a.csv", firstRow: 0, offset: 0, size: bytes.length, owner, began: undefined };
  const piece = (await new PieceReader(binaryRows).cut(handle, { ...options, channel }))!;
  const rows = [...parse(piece.content, channel)];
  assertEquals(rows.length, piece.rows);
  return rows;
}

function* parse(bytes: Uint8Array, channel: string): Generator<Row, void> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const field = (length?: number): DataView => {
    const size = view.getInt32(at);
    if (length !== undefined) assertEquals(size, length);
    const data = new DataView(view.buffer, view.byteOffset + at + 4, size);
    at += 4 + size;
    return data;
  };
  const text = (): string => new TextDecoder().decode(field());
  while (at < bytes.length) {
    assertEquals(view.getInt16(at), 6);
    at += 2;
    const row: Row = [field(8).getBigInt64(0), field(8).getFloat64(0), text(), field(4).getInt32(0)];
    assertEquals([text(), field(8).getBigInt64(0)], [channel, PROGRAM]);
    yield row;
  }
}

describe("rows in PostgreSQL's binary format", () => {
  it("have any timepoint, measurement, label and PID that a row may have", async () => {
    const rows = await binaryRowsOf(
      [
        "9223372036854775807,1.7976931348623157e308,a,2147483647",
        "-9223372036854775808,-0,,0".replace(",,", ',"",'),
        "-1,5e-324,é✓,7",
        '0,NaN,"a\r\n,""b""",7',
        '4294967295,Infinity,"""",7',
        "4294967296,-Infinity,\\.,7",
        "1795738100551588493,0.001000000,/orders/:id [GET],7",
        "1795738100999999999,0.1,x,7",
        "no row",
        "-1000000000,123456789.123456789,x,7",
      ].map((row) => `${row}\r\n`).join(""),
      'or,"dérs',
    );
    assertEquals(rows, [
      [9223372036854775807n, Number.MAX_VALUE, "a", 2147483647],
      [-9223372036854775808n, -0, "", 0],
      [-1n, 5e-324, "é✓", 7],
      [0n, NaN, 'a\r\n,"b"', 7],
      [4294967295n, Infinity, '"', 7],
      [4294967296n, -Infinity, "\\.", 7],
      [1795738100551588493n, 0.001, "/orders/:id [GET]", 7],
      [1795738100999999999n, 0.1, "x", 7],
      [-1000000000n, 123456789.123456789, "x", 7],
    ]);
  });

  it("have the same numbers as the rows, whatever these are", async () => {
    const random = randomNumbers(2);
    const rows = Array.from({ length: 2_000 }, (_, i): Row => {
      const bits = new BigUint64Array([0n]);
      new Uint32Array(bits.buffer).set([random() * 2 ** 32, random() * 2 ** 32]);
      const timepoint = BigInt.asIntN(64, bits[0]! >> BigInt(Math.floor(random() * 64)));
      new Uint32Array(bits.buffer).set([random() * 2 ** 32, random() * 2 ** 32]);
      const any = new Float64Array(bits.buffer)[0]!;
      return [timepoint, i % 2 === 0 && !Number.isNaN(any) ? any : Math.round(random() * 1e12) / 1e9, `l${i % 7}`, i];
    });
    const csv = rows.map(([timepoint, measurement, label, pid]) => `${timepoint},${measurement},${label},${pid}\r\n`);
    assertEquals(await binaryRowsOf(csv.join(""), "custom"), rows);
  });
});
