import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { rowsByDay } from "../../../src/ship/targets/clickhouse/rows.ts";

function piece(...rows: readonly string[]): { readonly content: Uint8Array; readonly rows: number } {
  return { content: new TextEncoder().encode(rows.map((row) => `${row}\n`).join("")), rows: rows.length };
}

function texts(pieces: readonly ReturnType<typeof piece>[]): [number, number, string][] {
  return rowsByDay(pieces, "9").map(({ day, rows, csv }) => [day, rows, new TextDecoder().decode(csv)]);
}

describe("rows for ClickHouse", () => {
  it("have their batch at the end, and quotes around labels that are not plain", () => {
    const rows = piece('5,1,"a,""b""\n",7,"x,\n""y",-3', "6,-0,\\N,7,custom,-3", '7,NaN," c",7,custom,4');
    assertEquals(texts([rows]), [[
      0,
      3,
      '5,1,"a,""b""\n",7,"x,\n""y",-3,9\n6,-0,"\\N",7,custom,-3,9\n7,NaN," c",7,custom,4,9\n',
    ]]);
    const labels = ["/a b/:id [GET]", "été", "'a'", " a", "a ", "a\t", "\ta", "", "\\"];
    const [[, count, text] = [0, 0, ""]] = texts([piece(...labels.map((label) => `1,2,${label},3,"x\n",4`)), rows]);
    const quoted = labels.map((label, i) => i < 2 ? label : `"${label}"`);
    assertEquals(count, labels.length + 3);
    assertEquals(
      text.slice(0, -texts([rows])[0]![2].length),
      quoted.map((label) => `1,2,${label},3,"x\n",4,9\n`).join(""),
    );
  });

  it("are told apart by their days to the nanosecond, also before 1970", () => {
    const end = "86399999999";
    const found = texts([
      piece(`${end}999,1,a,7,c,1`, "86400000000000,2,a,7,c,1", "-1,3,a,7,c,1", "0,4,a,7,c,1"),
      piece("-86400000000000,5,a,7,c,1", "-86400000000001,6,a,7,c,1", `${end}998,7,a,7,c,1`),
    ]);
    assertEquals(found.map(([day, rows, csv]) => [day, rows, csv.match(/(?<=^[^,]*,)\d/gm)?.join("")]), [
      [-2, 1, "6"],
      [-1, 2, "35"],
      [0, 3, "147"],
      [1, 1, "2"],
    ]);
  });
});
