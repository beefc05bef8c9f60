import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { SERIES } from "../../../src/series.ts";
import { readRows } from "../../support/process/recorded_rows.ts";
import { spawnOn, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

describe("max rss", () => {
  it("is the peak of the process, even between samples, and not that of its parent", async () => {
    const ours = new Uint8Array(800e6).fill(1); // maxRSS of getrusage(2) begins with this in a child
    using scratch = scratchDirectory();
    const fixture = fileURLToPath(new URL("./fixtures/peak_between_samples.ts", import.meta.url));
    const { code, stderr } = await spawnOn(thisRuntime, fixture, [scratch.path]).ended;
    assertEquals({ code, stderr, length: ours.length }, { code: 0, stderr: "", length: 800e6 });

    const values = new Map<string, number[]>();
    readRows(scratch.path, "runtime", (label, ...rest) => {
      values.set(label, [...values.get(label) ?? [], rest.at(-1)!]);
    });
    const peaks = values.get(SERIES.maxRss)!;
    assert(Math.max(...values.get(SERIES.rss)!) < 300e6, `rss: ${values.get(SERIES.rss)}`);
    assert(Math.max(...peaks) > 300e6 && Math.max(...peaks) < 700e6, `max rss: ${peaks}`);
  });
});
