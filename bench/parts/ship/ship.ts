/**
 * A million rows on their way into PostgreSQL: `kymo ship` against `psql \copy` of the same rows into
 * the same table; and into ClickHouse, against `curl --data-binary`. What a shipper takes of memory
 * when many files wait, what a program pays for being shipped, and how soon rows are in the store.
 *
 * @module
 */

import { rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { cannotServePostgres, PostgresServer } from "../../../tests/support/stores/postgres_server.ts";
import { timeRun } from "../../harness/child.ts";
import { hasFfi } from "../../harness/has_ffi.ts";
import { ratio } from "../../harness/rounds.ts";
import { type Figure, reportFindings, spread } from "../../results/figure.ts";
import { costOfBeingShipped, timeToStore } from "./beside.ts";
import { compareClickHouse } from "./clickhouse.ts";
import { recordMillion, ROWS } from "./recording.ts";
import { memoryWithManyFiles } from "./waiting.ts";

const ROUNDS = 5;

/** The command line, which prints its peak memory at the end. */
const kymo = new URL("../summary/kymo.ts", import.meta.url);

const COLUMNS = "timepoint, measurement, label, pid, channel, program";
const MIB = 2 ** 20;

/** What is in the table, in numbers that every row changes. */
const CHECK = "SELECT count(*), sum(timepoint), sum(measurement::numeric), count(DISTINCT label) FROM kymo.observation";

function compare(server: PostgresServer): Figure[] {
  using recording = recordMillion();
  const { directory } = recording;
  const rows = join(directory, "rows");
  const ship = (): { readonly time: number; readonly output: unknown } =>
    timeRun(kymo, { args: ["ship", directory, "--to", server.url], areInstalled: true });
  const empty = (): unknown => server.query("TRUNCATE kymo.observation, kymo.shipped; CHECKPOINT");

  ship(); // makes the tables
  const shipped = server.query(CHECK);
  const psql = (command: string): void => {
    const { status, stderr } = spawnSync(server.psql, ["-X", "-q", "-c", command, server.url], { encoding: "utf8" });
    if (status !== 0) throw new Error(`Cannot measure: psql: ${stderr}`);
  };
  psql(`\\copy (SELECT ${COLUMNS} FROM kymo.observation ORDER BY timepoint) TO '${rows}' (FORMAT csv)`);
  const copy = (): number => {
    const before = performance.now();
    psql(`\\copy kymo.observation (${COLUMNS}) FROM '${rows}' (FORMAT csv)`);
    return performance.now() - before;
  };
  empty();
  copy();
  if (JSON.stringify(server.query(CHECK)) !== JSON.stringify(shipped)) {
    throw new Error("Cannot compare: the rows differ");
  }

  const times: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
  let peak = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const ours = (): void => {
      empty();
      const { time, output } = ship();
      times.ours.push(time);
      peak = Math.max(peak, (output as { readonly peak: number }).peak);
    };
    const theirs = (): void => {
      empty();
      times.theirs.push(copy());
    };
    for (const side of round % 2 === 0 ? [ours, theirs] : [theirs, ours]) side();
  }
  rmSync(rows);
  const tableBytes = Number(server.value("SELECT pg_total_relation_size('kymo.observation')"));
  const perSecond = (all: readonly number[]) => spread(all.map((time) => ROWS / time / 1_000));
  return [
    {
      what: "1,000,000 rows into PostgreSQL with kymo ship",
      against: "psql \\copy",
      unit: "x",
      value: ratio(times.ours, times.theirs),
      goal: { atMost: 1.25 },
    },
    {
      what: "kymo ship, million rows a second",
      unit: "",
      value: perSecond(times.ours),
      goal: { atLeast: 0.8 },
    },
    { what: "psql \\copy, million rows a second", unit: "", value: perSecond(times.theirs) },
    { what: "peak memory of kymo ship meanwhile", unit: "MiB", value: spread([peak / MIB]) },
    { what: "these rows in files", unit: "MiB", value: spread([recording.bytes / MIB]) },
    { what: "these rows in a table of PostgreSQL", unit: "MiB", value: spread([tableBytes / MIB]) },
  ];
}

async function compareWithClickHouse(): Promise<Figure[]> {
  using recording = recordMillion();
  return await compareClickHouse("26.7", recording);
}

async function measure(): Promise<Figure[]> {
  const skip = cannotServePostgres();
  if (skip !== false) throw new Error(`Cannot measure: ${skip}`);
  await using server = await PostgresServer.start();
  return [
    ...compare(server),
    ...await memoryWithManyFiles(server),
    await costOfBeingShipped(server),
    ...await timeToStore(server),
    ...await compareWithClickHouse(),
  ];
}

reportFindings({ figures: hasFfi ? await measure() : [] });
