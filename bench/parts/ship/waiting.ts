import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { PostgresServer } from "../../../tests/support/stores/postgres_server.ts";
import { HEADER } from "../../../src/csv/dialect.ts";
import { segmentFileName } from "../../../src/files/names.ts";
import { timeRun } from "../../harness/child.ts";
import { temporaryDirectory } from "../../harness/published_files.ts";
import { type Figure, spread } from "../../results/figure.ts";
import { ROUTES } from "./recording.ts";
import { follower } from "./processes.ts";

const FILES = 100_000;
const ROWS_OF_FILE = 10;
const PROGRAMS = 100;

/** ms after which the store that is not there was tried some times. */
const TRIED = 8_000;

const KIB = 2 ** 10;
const MIB = 2 ** 20;

/** The most memory that `kymo ship` may take, MiB. */
const AT_MOST = 80;

const kymo = new URL("../summary/kymo.ts", import.meta.url);

/** An address at which nobody answers. */
const NOWHERE = "postgres://kymo@127.0.0.1:1/postgres";

/** Peak memory of `kymo ship` with many files that wait, and in an empty directory. */
export async function memoryWithManyFiles(server: PostgresServer): Promise<Figure[]> {
  using empty = temporaryDirectory();
  using many = temporaryDirectory();
  writeFiles(many.path);
  const peakOfShipping = (directory: string): number => {
    const { output } = timeRun(kymo, {
      args: ["ship", directory, "--to", server.url, "--keep", "forever"],
      areInstalled: true,
    });
    return (output as { readonly peak: number }).peak / MIB;
  };
  const figure = (what: string, peak: number): Figure => ({
    what: `peak memory of kymo ship ${what}`,
    unit: "MiB",
    value: spread([peak]),
    ...what.includes("empty") ? {} : { goal: { atMost: AT_MOST } },
  });
  return [
    figure("of an empty directory", peakOfShipping(empty.path)),
    figure(`while ${FILES} files wait for a database`, await peakOfWaiting(many.path)),
    figure(`while it ships ${FILES} files`, peakOfShipping(many.path)),
  ];
}

async function peakOfWaiting(directory: string): Promise<number> {
  await using shipper = follower(directory, NOWHERE);
  await sleep(TRIED);
  const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${shipper.pid}/status`, "utf8")) ?? [];
  return Number(kibibytes) * KIB / MIB;
}

function writeFiles(directory: string): void {
  const now = BigInt(Date.now()) * 1_000_000n;
  for (let i = 0; i < FILES; i++) {
    const pid = 1_000 + i % PROGRAMS;
    const owner = { pid, isolate: pid.toString(16).padStart(8, "0"), channel: "duration" };
    const rows = Array.from(
      { length: ROWS_OF_FILE },
      (_, j) => `${now + BigInt(i * 1_000 + j)},0.00${j}000000,${ROUTES[j % ROUTES.length]},${pid}\r\n`,
    );
    const name = segmentFileName({ owner, sequence: 1 + Math.floor(i / PROGRAMS) });
    writeFileSync(join(directory, name), HEADER + rows.join(""));
  }
}
