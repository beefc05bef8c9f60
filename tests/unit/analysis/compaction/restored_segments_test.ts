import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Buffer } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import { readCompactedFiles } from "../../../../src/analysis/compacted/compacted_files.ts";
import { restoreSegments } from "../../../../src/analysis/compacted/restored_segments.ts";
import { Compactor } from "../../../../src/analysis/compaction/compactor.ts";
import { DuckDB } from "../../../../src/analysis/duckdb/duckdb.ts";
import { defaultRuntime } from "../../../../src/default_runtime.ts";
import { publish, publishedFile, type Row } from "../../../support/analysis/published_segments.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";

async function compact(directory: string): Promise<void> {
  await using compactor = await Compactor.open(defaultRuntime(), directory);
  assertEquals((await compactor.run({ older: 0 })).problems, []);
}

const named = (directory: string, ending: string): string[] =>
  readdirSync(directory).filter((name) => name.endsWith(ending));

describe("files that were compacted", () => {
  it("can be written again, byte for byte, also once they were merged with others", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(publishedFile, { minLength: 2, maxLength: 8 }), fc.nat(8), async (files, early) => {
        using scratch = scratchDirectory();
        const contents = new Map<string, string>();
        const write = ({ channel, rows }: { channel: string; rows: Row[] }, i: number): void => {
          // Durations are in order within a file, others may be in any.
          const ordered = channel === "duration" ? rows.toSorted((one, other) => one.at - other.at) : rows;
          const name = publish(scratch.path, channel, i + 1, [...ordered, ...ordered.slice(-1)], 7 + i % 3);
          contents.set(name, readFileSync(scratch.at(name), "latin1"));
        };
        files.slice(0, early).forEach(write);
        await compact(scratch.path);
        files.slice(early).forEach((file, i) => write(file, i + early));
        await compact(scratch.path);
        assertEquals(named(scratch.path, ".csv"), []);
        const restored = new Map<string, string>();
        const db = await DuckDB.open({ threads: 1 }, defaultRuntime());
        await db.exclusively(async (connection) => {
          const report = (path: string, why: string): void => assert(false, `${path}: ${why}`);
          const paths = named(scratch.path, ".parquet").map((name) => scratch.at(name));
          for (const file of await readCompactedFiles(paths, { connection, files: defaultRuntime().files, report })) {
            for await (const { segment, content } of restoreSegments(connection, file, file.segments)) {
              assert(content !== undefined, `${segment.name} cannot be written again`);
              restored.set(segment.name, Buffer.from(content).toString("latin1"));
            }
          }
        });
        await db.close();
        assertEquals(new Map([...restored].sort()), new Map([...contents].sort()));
      }),
      { numRuns: 4, seed: 2 },
    );
  });
});
