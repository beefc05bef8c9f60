/** What a preload adds to the start of a program, and to the requests of an unchanged server. */

import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { buildPreload } from "../../../tools/build_preload.ts";
import { runCommand } from "../../harness/child.ts";
import { hasFfi } from "../../harness/has_ffi.ts";
import { takeRows, temporaryDirectory } from "../../harness/published_files.ts";
import { ratio } from "../../harness/rounds.ts";
import { reportFindings, spread } from "../../results/figure.ts";

const STARTS = 20;
const ROUNDS = 8;

/** Duration of a round, s, and number of clients. */
const DURATION = 3;
const CLIENTS = 32;

const isDeno = "Deno" in globalThis;

/** Goal for what is added to a start, ms. */
const MOST = isDeno ? 60 : 35;

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const root = here("../../..").replace(/\/$/, "");

// Without it Deno may not read the CPU time of another process either.
if (!hasFfi) {
  reportFindings({ figures: [] });
  process.exit();
}

using project = temporaryDirectory();
const preload = join(project.path, "auto/kymo_auto.js");
mkdirSync(join(project.path, "auto"));
await buildPreload(root, preload);
for (const program of ["empty.ts", "runtime_parts.ts"]) cpSync(here(program), join(project.path, program));

/** The command that runs a program, preloaded or not. */
function commandOf(program: string, isPreloaded: boolean): string[] {
  const flags = isDeno ? ["run", "--quiet", "-A"] : [];
  const preloading = !isPreloaded ? [] : isDeno ? [`--preload=${preload}`] : ["--preload", preload];
  return [...flags, ...preloading, program];
}

/** A program that does nothing, and what is added to its start. */
interface Start {
  readonly program: "empty.ts" | "runtime_parts.ts";
  /** Whether there is a preload, and whether that is switched off. */
  readonly preload: "none" | "off" | "on";
}

/** The run time of a program, ms. Asserts that it was recorded, or not. */
function timeStart({ program, preload }: Start): number {
  using directory = temporaryDirectory();
  const before = performance.now();
  const { status, stderr } = spawnSync(process.execPath, commandOf(join(project.path, program), preload !== "none"), {
    cwd: directory.path,
    env: { ...process.env, KYMO_AUTO: preload === "off" ? "0" : "1" },
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  const time = performance.now() - before;
  const isRecorded = readdirSync(directory.path).includes("_monitoring");
  if (status !== 0 || isRecorded !== (preload === "on")) throw new Error(`Cannot measure: ${stderr}`);
  return time;
}

const BARE_START: Start = { program: "empty.ts", preload: "none" };
const RUNTIME_PARTS: Start = { program: "runtime_parts.ts", preload: "none" };
const LOADED: Start = { program: "empty.ts", preload: "off" };
const RECORDED: Start = { program: "empty.ts", preload: "on" };

const starts = new Map<Start, number[]>([BARE_START, RUNTIME_PARTS, LOADED, RECORDED].map((start) => [start, []]));
for (let round = 0; round <= STARTS; round++) {
  for (const [start, times] of round % 2 === 0 ? starts : [...starts].reverse()) {
    const time = timeStart(start);
    if (round > 0) times.push(time);
  }
}

/** What a start takes above an empty program, ms, by round. */
function above(start: Start): number[] {
  return starts.get(start)!.map((time, round) => time - starts.get(BARE_START)![round]!);
}

/** A server in a process of its own. */
class Service implements Disposable {
  readonly rates: number[] = [];
  /** CPU time per request, µs, by round. */
  readonly costs: number[] = [];
  readonly #directory = temporaryDirectory();
  readonly #child;
  readonly #lines;
  url = "";

  constructor(isPreloaded: boolean) {
    this.#child = spawn(process.execPath, commandOf(here("service.ts"), isPreloaded), {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, KYMO_DIR: this.#directory.path, KYMO_RUNTIME: "0" },
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async hasBegun(): Promise<void> {
    this.url = (await this.#lines.next()).value ?? "";
  }

  async load(): Promise<void> {
    const before = this.#cpuTime();
    const [executable = "", ...flags] = loader;
    const output = await runCommand(executable, [
      ...flags,
      autocannon,
      "--json",
      ...["--connections", `${CLIENTS}`],
      ...["--duration", `${DURATION}`],
      this.url,
    ]);
    const { "2xx": answered, non2xx, errors, duration } = JSON.parse(output);
    if (non2xx + errors > 0 || answered === 0) throw new Error(`Cannot measure: ${output}`);
    this.rates.push(answered / duration);
    this.costs.push((this.#cpuTime() - before) * 1e6 / answered);
  }

  /** CPU time of all its threads, those that have ended too, s. The kernel counts in ticks of 10 ms. */
  #cpuTime(): number {
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /** Ends it. Returns how many requests it got, and how many rows it left. */
  async end(): Promise<{ readonly calls: number; readonly rows: number }> {
    const gone = new Promise((resolve) => this.#child.on("close", resolve));
    this.#child.stdin.end();
    const calls = Number((await this.#lines.next()).value);
    await gone;
    return { calls, rows: takeRows(this.#directory.path) };
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
    this.#directory[Symbol.dispose]();
  }
}

const autocannon = here("../../../node_modules/autocannon/autocannon.js");

/** The runtime of the load: Node.js, on which autocannon is fastest, or else this one. */
const loader = spawnSync("node", ["--version"]).status === 0
  ? ["node"]
  : [process.execPath, ...isDeno ? ["run", "--quiet", "-A"] : []];

using preloaded = new Service(true);
using bare = new Service(false);
await Promise.all([preloaded.hasBegun(), bare.hasBegun()]);
for (let round = 0; round <= ROUNDS; round++) {
  for (const one of round % 2 === 0 ? [preloaded, bare] : [bare, preloaded]) await one.load();
  if (round > 0) continue;
  for (const { rates, costs } of [preloaded, bare]) rates.length = costs.length = 0; // the round that warms up
}
const [recorded, unrecorded] = [await preloaded.end(), await bare.end()];
if (recorded.rows !== recorded.calls || unrecorded.rows !== 0) {
  throw new Error(`Cannot measure: ${JSON.stringify({ recorded, unrecorded })}`);
}

const BARE = "the same program, without a preload";

reportFindings({
  figures: [
    {
      what: "run time of an empty program with a preload: above",
      against: BARE,
      unit: "ms",
      value: spread(above(RECORDED)),
      goal: { atMost: MOST },
    },
    {
      what: "run time of an empty program with a preload",
      against: BARE,
      unit: "x",
      value: ratio(starts.get(RECORDED)!, starts.get(BARE_START)!),
    },
    {
      what: "run time of a program that loads the same parts of the runtime: above",
      against: "an empty program",
      unit: "ms",
      value: spread(above(RUNTIME_PARTS)),
    },
    {
      what: "run time of an empty program with a preload that is switched off: above",
      against: BARE,
      unit: "ms",
      value: spread(above(LOADED)),
    },
    { what: "run time of an empty program", unit: "ms", value: spread(starts.get(BARE_START)!) },
    {
      what: "requests per second of a preloaded server",
      against: BARE,
      unit: "x",
      value: ratio(preloaded.rates, bare.rates),
      goal: { atLeast: 0.95 },
    },
    {
      what: "CPU time per request of a preloaded server",
      against: BARE,
      unit: "x",
      value: ratio(preloaded.costs, bare.costs),
      goal: { atMost: 1.1 },
    },
    { what: "requests per second, preloaded", unit: "/s", value: spread(preloaded.rates) },
    { what: "CPU time per request, bare", unit: "µs", value: spread(bare.costs) },
  ],
});
