import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { estimateTimeRange } from "../../../../src/analysis/summary/time_estimate.ts";
import { FakeRuntime } from "../../../support/fake/runtime.ts";

/** A disk with these files in the directory `/d`. */
function diskWith(files: Readonly<Record<string, string>>) {
  const { files: disk } = new FakeRuntime();
  disk.ensureDirectory("/d");
  for (const [name, content] of Object.entries(files)) {
    const file = disk.create(`/d/${name}`);
    file.write(new TextEncoder().encode(content));
    file.close();
  }
  return disk;
}

/** A file with `rows` rows, one a second from `second` on. */
function csv(second: number, rows: number): string {
  const row = (_: unknown, i: number) => `${1_700_000_000 + second + i}000000001,0.5,"a ""label"", quoted",42\r\n`;
  return `Timepoint,Measurement,Label,PID\r\n${Array.from({ length: rows }, row).join("")}`;
}

const second = (number: number): bigint => BigInt(1_700_000_000 + number) * 1_000_000_000n + 1n;

describe("estimateTimeRange", () => {
  it("spans from the earliest first row to the latest last row of the files of a directory", () => {
    const disk = diskWith({ "duration.1.csv": csv(50, 1_000), "runtime.1.csv": csv(20, 3), "custom.csv": csv(100, 1) });
    assertEquals(estimateTimeRange(["/d"], disk), { first: second(20), last: second(1_049) });
  });

  it("takes the hour in the names of compacted files, and is never wider than the recording", () => {
    const hour = Date.UTC(2023, 10, 14, 22); // that of 1700000000
    const name = "duration.2023-11-14T22.0123456789ab.parquet";
    const range = { first: BigInt(hour + 3_600_000) * 1_000_000n - 1n, last: BigInt(hour) * 1_000_000n };
    assertEquals(estimateTimeRange(["/d"], diskWith({ [name]: "" })), range);
    const disk = diskWith({ [name]: "", "duration.1.csv": csv(20, 3) });
    assertEquals(estimateTimeRange(["/d"], disk), { first: second(20), last: second(22) });
  });

  it("accepts files", () => {
    const disk = diskWith({ "duration.1.csv": csv(50, 1), "duration.2.csv": csv(20, 3) });
    assertEquals(estimateTimeRange(["/d/duration.1.csv"], disk), { first: second(50), last: second(50) });
  });

  it("opens some of many files, the first and the last among them", () => {
    const names = Array.from({ length: 1_000 }, (_, i) => `duration.1-0badcafe-${String(i + 1).padStart(6, "0")}.csv`);
    const disk = diskWith(Object.fromEntries(names.map((name, i) => [name, csv(i, 1)])));
    const opened: string[] = [];
    const open = disk.open.bind(disk);
    disk.open = (path, mode) => (opened.push(path), open(path, mode));
    assertEquals(estimateTimeRange(["/d"], disk), { first: second(0), last: second(999) });
    assertEquals(opened.length, 256);
  });

  it("is undefined without files or rows", () => {
    const disk = diskWith({
      "duration.1.csv": "Timepoint,Measurement,Label,PID\r\n",
      "journal.txt": csv(1, 1),
      "a.csv": "",
    });
    assertEquals(estimateTimeRange(["/d"], disk), undefined);
    assertEquals(estimateTimeRange(["/absent", "/d/*.csv"], disk), undefined);
  });
});
