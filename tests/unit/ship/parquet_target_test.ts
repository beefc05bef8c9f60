import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultRuntime } from "../../../src/default_runtime.ts";
import { type Piece, PieceReader } from "../../../src/ship/pieces/piece.ts";
import { SCHEMES, targetConnector } from "../../../src/ship/targets/connect_target.ts";
import { hourOf, parseMetadata, partName } from "../../../src/ship/targets/parquet/format.ts";
import { parsePartName } from "../../../src/stores/parquet/folder.ts";
import { newBatch } from "../../../src/ship/targets/new_batch.ts";
import type { Batch, Target } from "../../../src/ship/targets/target.ts";
import { parseTarget } from "../../../src/ship/targets/target_address.ts";
import { StoreError } from "../../../src/stores/store_error.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { filesInParquet, queryParquet } from "../../support/stores/parquet_store.ts";

const SOURCE = { id: "0123456789abcdef0123456789abcdef", path: "/telemetry", host: "here" };
const BEGIN = 1_795_948_585_720_130_219n;
const HOUR = 3_600_000_000_000n;

async function open(folder: string, id = SOURCE.id): Promise<Target & AsyncDisposable> {
  const address = await parseTarget(`${folder}/`, { schemes: SCHEMES, resolve: (path) => path.replace(/\/$/, "") });
  const target = (await targetConnector(defaultRuntime(), address, {}))();
  await target.open({ ...SOURCE, id });
  return Object.assign(target, { [Symbol.asyncDispose]: () => target.close() });
}

/** A piece that is cut from a file of some rows, each a second after the other. */
async function pieceOf(stem: string, began: bigint, rows: number, label = "work"): Promise<Piece> {
  const lines = Array.from({ length: rows }, (_, i) => `${began + BigInt(i) * 1_000_000_000n},0.5,${label},7\r\n`);
  const content = new TextEncoder().encode(lines.join(""));
  const handle = {
    readAt: (into: Uint8Array, at: number) => {
      const some = content.subarray(at, at + into.length);
      into.set(some);
      return some.length;
    },
  };
  const program = { pid: 7, isolate: "0123abcd" };
  const owner = { of: () => program, idOf: () => 5n };
  const channel = "duration";
  const options = { stem, file: `${stem}.csv`, channel, firstRow: 0, offset: 0, size: content.length, owner };
  return (await new PieceReader().cut(handle, { ...options, began: undefined }))!;
}

function batchOf(...pieces: readonly Piece[]): Batch {
  return newBatch(pieces, []);
}

describe("a folder of Parquet files", () => {
  it("keeps one file for an hour of a channel, however often rows come, and others for other hours", async () => {
    using scratch = scratchDirectory();
    await using target = await open(scratch.path);
    assertEquals(target.interval, 60_000);
    for (let i = 0; i < 12; i++) {
      const pieces = [await pieceOf(`a-${i}`, BEGIN + BigInt(i), 3), await pieceOf(`b-${i}`, BEGIN + HOUR, 2)];
      assertEquals(await target.ship(batchOf(...pieces)), "shipped");
    }
    assertEquals(filesInParquet(scratch.path), [
      `channel=duration/date=2026-11-29/${partName(hourOf(BEGIN), 1)}`,
      `channel=duration/date=2026-11-29/${partName(hourOf(BEGIN + HOUR), 1)}`,
    ]);
    assertEquals(await target.count(), [{ channel: "duration", shipped: 60, there: 60 }]);
  });

  it("begins another file once one names 4,096 pieces", async () => {
    using scratch = scratchDirectory();
    await using target = await open(scratch.path);
    const pieces = await Promise.all(Array.from({ length: 4_100 }, (_, i) => pieceOf(`a-${i}`, BEGIN, 1)));
    await target.ship(batchOf(...pieces.slice(0, 4_000)));
    await target.ship(batchOf(...pieces.slice(4_000)));
    await target.ship(batchOf(await pieceOf("b", BEGIN, 1)));
    assertEquals(filesInParquet(scratch.path).map((path) => parsePartName(path.split("/").at(-1)!)), [1, 2]);
    assertEquals(await target.count(), [{ channel: "duration", shipped: 4_101, there: 4_101 }]);
  });

  it("knows what it has by stem and by content, of the hours that are asked for, and of no other directory", async () => {
    using scratch = scratchDirectory();
    await using target = await open(scratch.path);
    const [one, other] = [await pieceOf("one", BEGIN, 2), await pieceOf("other", BEGIN + 5n * HOUR, 3)];
    await target.ship(batchOf(one, other));
    const { stem, firstRow, rows, bytes, sha256 } = one;
    const entry = { stem, firstRow, rows, bytes, sha256 };
    assertEquals(await target.entries(["one", "other", "none"], [], () => [BEGIN]), [entry]);
    assertEquals(await target.entries([], [sha256], () => [BEGIN + 7n, BEGIN + HOUR]), [entry]);
    assertEquals(await target.entries(["one"], [sha256], () => [BEGIN + HOUR]), []);
    await using elsewhere = await open(scratch.path, "f".repeat(32));
    assertEquals(await elsewhere.entries(["one"], [sha256], () => [BEGIN]), []);
    assertEquals(await elsewhere.ship(batchOf(one)), "shipped");
    assertEquals(await queryParquet(scratch.path, "SELECT source, count(*) FROM FOLDER GROUP BY 1 ORDER BY 1"), [
      [SOURCE.id, 5n],
      ["f".repeat(32), 2n],
    ]);
  });

  it("ships nothing twice, also if only a part of the batch is there, and nothing else under a known name", async () => {
    using scratch = scratchDirectory();
    await using target = await open(scratch.path);
    const [one, other] = [await pieceOf("one", BEGIN, 2), await pieceOf("other", BEGIN + HOUR, 3)];
    await target.ship(batchOf(one));
    assertEquals(await target.ship(batchOf(one, other)), "shipped");
    assertEquals(await target.count(), [{ channel: "duration", shipped: 5, there: 5 }]);
    assertEquals(await target.ship(batchOf(await pieceOf("one", BEGIN, 2, "another"))), "taken");
    assertEquals(await target.count(), [{ channel: "duration", shipped: 5, there: 5 }]);
  });

  it("leaves files alone that Kymo has not written, and tells when it cannot know what is there", async () => {
    using scratch = scratchDirectory();
    await using target = await open(scratch.path);
    const one = await pieceOf("one", BEGIN, 2);
    await target.ship(batchOf(one));
    const [name = ""] = filesInParquet(scratch.path);
    const [path, aside] = [join(scratch.path, name), scratch.at("aside")];
    renameSync(path, aside);
    assertEquals(await target.entries(["one"], [], () => [BEGIN]), []);
    mkdirSync(path);
    assertEquals(await target.ship(batchOf(one)), "shipped");
    assertEquals([filesInParquet(scratch.path).length, statSync(path).isDirectory()], [2, true]);
    rmSync(path, { recursive: true });
    // A file that is Parquet as far as one can see, and damaged.
    writeFileSync(path, `PAR1${"x".repeat(100)}\x20\0\0\0PAR1`);
    const error = await assertRejects(() => target.entries(["one"], [], () => [BEGIN]), StoreError);
    assert(error.kind !== "data");
    rmSync(scratch.path, { recursive: true });
    for (const look of [() => target.entries([], [], () => []), () => target.ledgerSize()]) {
      await assertRejects(look, StoreError, "the folder is not there any more");
    }
  });

  it("refuses a channel that no folder can be called after, which a file of somebody may have", async () => {
    using scratch = scratchDirectory();
    await using target = await open(scratch.path);
    const piece = { ...await pieceOf("one", BEGIN, 2), channel: "x".repeat(250) };
    const error = await assertRejects(() => target.ship(batchOf(piece)), StoreError);
    assertEquals(error.kind, "data");
  });

  it("believes no metadata whose pieces have another number of rows", () => {
    const piece = ["a", 0, 3, 90, "0".repeat(64)];
    const text = (fields: object): string => JSON.stringify({ version: 1, rows: 3, pieces: { s: [piece] }, ...fields });
    assertEquals(parseMetadata(text({}))?.pieces.get("s")?.length, 1);
    for (
      const wrong of [{ version: 2 }, { rows: 4 }, { pieces: { s: [[]] } }, { pieces: { s: 1 } }, { pieces: null }]
    ) {
      assertEquals(parseMetadata(text(wrong)), undefined);
    }
    assertEquals(parseMetadata("{"), undefined);
  });
});
