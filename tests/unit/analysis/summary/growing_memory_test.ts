import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { TelemetryDB } from "../../../../src/analysis/mod.ts";
import { growingMemory } from "../../../../src/analysis/summary/growing_memory.ts";
import { summarizeRuntime } from "../../../../src/analysis/summary/runtime_summary.ts";
import { recordFiles, type Rows } from "../../../support/analysis/recorded_files.ts";

const BEGIN = 1_700_000_000_000_000_000n;
const rss = (second: number, bytes: number): Rows[number] => [BEGIN + BigInt(second) * 1_000_000_000n, bytes, "rss", 1];
const seconds = Array.from({ length: 301 }, (_, second) => second);

describe("growingMemory", () => {
  it("tells which of the processes of one PID grew, and its own figures", async () => {
    using files = recordFiles({
      "runtime.1-0000000a-000001.csv": seconds.map((second) => rss(second, 300e6)),
      "runtime.1-0000000b-000001.csv": seconds.map((second) => rss(second, 100e6 + second * 1e6)),
    });
    await using db = await TelemetryDB.open(files.path);
    const format = { time: String, span: (time: number) => `${Math.round(time)} s` };
    const [remark, ...others] = await growingMemory(
      db,
      { runtime: (await summarizeRuntime(db, {})).series, pauses: await db.pauses() },
      [],
      format,
    );
    assertEquals(others, []);
    assertEquals(remark?.processes, ["1-0000000b"]);
    assertEquals(
      remark?.text.replaceAll("\u00a0", " "),
      "PID 1 grew from 131 MB to 400 MB of memory (RSS) within 269 s",
    );
  });
});
