import { rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import {
  cannotServeClickHouse,
  ClickHouseServer,
  type ClickHouseVersion,
} from "../../../tests/support/stores/clickhouse_server.ts";
import { missing } from "../../../tests/support/process/system_tools.ts";
import { timeRun } from "../../harness/child.ts";
import { ratio } from "../../harness/rounds.ts";
import { type Figure, spread } from "../../results/figure.ts";
import { type RecordedRows, ROWS } from "./recording.ts";

const ROUNDS = 5;

/** The command line, which prints its peak memory at the end. */
const kymo = new URL("../summary/kymo.ts", import.meta.url);

const COLUMNS = "timepoint, measurement, label, pid, channel, program, batch";

/** What is in the table, in numbers that every row changes, exactly: durations have whole nanoseconds. */
const CHECK = "SELECT toString(count()), toString(sum(timepoint)), " +
  "toString(sum(toInt64(round(measurement * 1000000000)))), uniq(label) FROM kymo.observation";

/** A million rows on their way into a ClickHouse server: `kymo ship` against `curl --data-binary` of the same bytes. */
export async function compareClickHouse(
  version: ClickHouseVersion,
  { directory }: Pick<RecordedRows, "directory">,
): Promise<Figure[]> {
  const skip = cannotServeClickHouse(version) || missing("curl");
  if (skip !== false) throw new Error(`Cannot measure: ${skip}`);
  await using server = await ClickHouseServer.start(version);
  const rows = join(directory, "rows");
  const store = `clickhouse://127.0.0.1:${server.port}`;
  const ship = () => timeRun(kymo, { args: ["ship", directory, "--to", store], areInstalled: true });
  const empty = async (): Promise<void> => {
    await server.query("TRUNCATE TABLE kymo.observation");
    await server.query("TRUNCATE TABLE kymo.shipped");
  };
  ship(); // makes the tables
  const shipped = await server.query(CHECK);
  const answer = await fetch(`http://127.0.0.1:${server.port}/`, {
    method: "POST",
    body: `SELECT ${COLUMNS} FROM kymo.observation ORDER BY timepoint FORMAT CSV`,
  });
  writeFileSync(rows, new Uint8Array(await answer.arrayBuffer()));
  const query = encodeURIComponent(`INSERT INTO kymo.observation (${COLUMNS}) FORMAT CSV`);
  // Without a pause in which it waits for the server to say that it may send.
  const curl = ["-sS", "--fail", "-H", "Expect:", "--data-binary", `@${rows}`];
  const post = (): number => {
    const before = performance.now();
    const { status, stderr } = spawnSync("curl", [...curl, `http://127.0.0.1:${server.port}/?query=${query}`]);
    if (status !== 0) throw new Error(`Cannot measure: curl: ${stderr}`);
    return performance.now() - before;
  };
  await empty();
  post();
  if (JSON.stringify(await server.query(CHECK)) !== JSON.stringify(shipped)) {
    throw new Error("Cannot compare: the rows differ");
  }
  const times: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
  for (let round = 0; round < ROUNDS; round++) {
    const sides = [() => times.ours.push(ship().time), () => times.theirs.push(post())];
    for (const side of round % 2 === 0 ? sides : sides.reverse()) {
      await empty();
      side();
    }
  }
  rmSync(rows);
  const perSecond = (all: readonly number[]) => spread(all.map((time) => ROWS / time / 1_000));
  return [
    {
      what: `1,000,000 rows into ClickHouse ${version} with kymo ship`,
      against: "curl --data-binary",
      unit: "x",
      value: ratio(times.ours, times.theirs),
      goal: { atMost: 1.25 },
    },
    { what: `kymo ship to ClickHouse ${version}, million rows a second`, unit: "", value: perSecond(times.ours) },
    { what: `curl to ClickHouse ${version}, million rows a second`, unit: "", value: perSecond(times.theirs) },
  ];
}
