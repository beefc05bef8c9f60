import { it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { forEachConcurrently } from "../faults/concurrency.ts";
import { recordFigure } from "../faults/fault_figures.ts";
import { atCallOfThread, readTrace, underStrace } from "../faults/strace.ts";
import { sampled } from "../faults/suite_size.ts";
import { type Ended, spawnCommand } from "../process/run.ts";
import { scratchDirectory } from "../scratch_directory.ts";
import { rowsInFiles } from "./shipped_rows.ts";
import { SCHEMES } from "../../../src/ship/targets/connect_target.ts";
import { parseTarget } from "../../../src/ship/targets/target_address.ts";
import { record, ROWS_EACH, shipCommand } from "./shipping_commands.ts";
import { shipHere } from "./shipping_here.ts";

/** Kills of each kind and layout in the short form. */
const SAMPLE = 2;

/** Cases that run at once; each has tables of its own. */
const WIDTH = 2;

const ROWS = 10 * ROWS_EACH;

/** Files of a shipper beside the monitoring files, below `.ship/<target>`. */
const SHIPPING_FILES = ["", "/lock", "/journal", "/quarantine"].concat(
  ["/status.json", "/shipped"].flatMap((name) => [name, `${name}.new.tmp`]),
);

/** A message on its way to a store, before or after which something is done. */
export interface MetMessage {
  /** Counted from 1. */
  readonly number: number;
  readonly when: "before" | "after";
  readonly meet: () => void;
}

/** Tables of their own in a store, behind a proxy. Disposing ends the proxy. */
export interface KillableStore extends AsyncDisposable {
  readonly url: string;
  /** Messages that have come so far. */
  readonly messages: number;
  /** What happens at a message from now on; nothing if it is `undefined`. */
  meet(message: MetMessage | undefined): void;
  /** All rows that are there, sorted. */
  rows(): Promise<readonly string[]>;
  /** Rows as the store has them, if it changes any. */
  asStored?(rows: readonly string[]): readonly string[];
}

/** What is swept. */
export interface KillSweep {
  readonly layouts: readonly ("segments" | "append")[];
  /** The row of the table of faults. */
  readonly row: number;
  /** Opens a store with empty tables of that name. */
  readonly open: (name: string) => Promise<KillableStore>;
}

/** How a shipper is run that may be killed: the command, around the one that ships, and what a message meets. */
interface Run {
  readonly wrap?: (directory: string, log: string, target: string, command: readonly string[]) => string[];
  readonly fault?: (kill: () => void) => MetMessage;
}

/** Declares tests that kill a shipper at each of its system calls on files, and of its messages. */
export function itSurvivesKills({ layouts, row, open }: KillSweep): void {
  let cases = 0;

  /** Records, ships, perhaps killed, and ships the rest. Each row must be in the store and in one file. */
  async function shipTwice(layout: string, { wrap, fault }: Run) {
    using scratch = scratchDirectory();
    const [directory, archive, log] = [scratch.at("monitoring"), scratch.at("archive"), scratch.at("trace")];
    await record(directory, { layout }, 10);
    mkdirSync(archive);
    await using store = await open(`case${++cases}`);
    const { url } = store;
    const { id } = await parseTarget(url, { schemes: SCHEMES, resolve: (path) => path });
    const command = shipCommand(directory, "--to", url, "--keep", "0s", "--archive", archive);
    const shipper = spawnCommand(wrap?.(directory, log, `.ship/${id}`, command) ?? command);
    store.meet(fault?.(() => shipper.kill("SIGKILL")));
    const first: Ended = await shipper.ended;
    const { messages } = store;
    store.meet(undefined);
    const next = await shipHere(directory, url, { keep: 0 });
    assertEquals([await next.ended, next.told()], [0, ""]);
    const { read, shipped, already, quarantined, pending } = next.status()!.rows;
    assertEquals([read, quarantined, pending], [shipped + already, 0, 0]);
    const there = await store.rows();
    assertEquals([there.length, new Set(there).size], [ROWS, ROWS]);
    // Killed between the link and the unlink, it leaves a file in both; the next one lets go what is left.
    assertEquals(readdirSync(directory).filter((name) => name.endsWith(".csv")), []);
    const asStored = (rows: readonly string[]): readonly string[] => store.asStored?.(rows) ?? rows;
    const known = new Set(asStored(there));
    assert(asStored(rowsInFiles(archive)).every((row) => known.has(row)));
    return { first, messages, calls: wrap === undefined ? [] : readTrace(log) };
  }

  for (const layout of layouts) {
    it(`at a system call on files leaves each row once, layout ${layout}`, async () => {
      const { calls, first } = await shipTwice(layout, traced([]));
      assertEquals([first.code, first.stderr], [0, ""]);
      const numbers = calls.map((_, i) => i + 1);
      const kills = sampled(numbers, SAMPLE, (n) => calls[n - 1]!.name);
      let killed = 0;
      await forEachConcurrently(kills, WIDTH, async (n) => {
        try {
          const run = await shipTwice(layout, traced(atCallOfThread(calls, n, "signal=KILL")));
          if (run.first.signal === "SIGKILL") killed++;
        } catch (error) {
          throw new Error(`killed at call ${n} of ${calls.length}: ${calls[n - 1]!.line}`, { cause: error });
        }
      });
      assert(killed > 0);
      recordFigure(row, `${layout}: ${killed} shippers killed at a system call; 0 lost, 0 duplicates`);
    });

    it(`at a step of the protocol leaves each row once, layout ${layout}`, async () => {
      const { messages } = await shipTwice(layout, {});
      assert(messages > 10);
      const steps = Array.from({ length: messages }, (_, i) => i + 1)
        .flatMap((number) => (["before", "after"] as const).map((when) => ({ number, when })));
      let killed = 0;
      await forEachConcurrently(sampled(steps, SAMPLE, ({ when }) => when), WIDTH, async ({ number, when }) => {
        try {
          const { first } = await shipTwice(layout, { fault: (meet) => ({ number, when, meet }) });
          if (first.signal === "SIGKILL") killed++;
        } catch (error) {
          throw new Error(`killed ${when} message ${number} of ${messages}`, { cause: error });
        }
      });
      assert(killed > 0);
      recordFigure(row, `${layout}: ${killed} shippers killed at a step of the protocol; 0 lost, 0 duplicates`);
    });
  }
}

/** Runs a shipper whose calls on files are traced, and meet faults. */
function traced(inject: readonly string[]): Run {
  return {
    wrap: (directory, log, target, command) => {
      rmSync(log, { force: true });
      const names = readdirSync(directory, { recursive: true }).map(String);
      const made = SHIPPING_FILES.map((name) => `${target}${name}`);
      const rotated = names.filter((name) => /^\w+\.csv$/.test(name))
        .map((name) => name.replace(/csv$/, `${Math.floor(statSync(join(directory, name)).mtimeMs)}.csv`));
      const also = [...names, ...rotated, ".ship", ".ship/source", ...made].map((name) => join(directory, name));
      return [...underStrace({ directory, log, inject, files: 0, also }), ...command];
    },
  };
}
