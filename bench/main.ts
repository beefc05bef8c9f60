/**
 * Runs the bench, or the named parts of it, on Deno and on Bun. A full run writes
 * `bench/RESULTS.md` and `bench/comparison.svg`; named parts are only printed, or with `--update`
 * replaced in the page.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { bareClock } from "./contenders/bare_clock.ts";
import { contenders } from "./contenders/contenders.ts";
import { kymo } from "./contenders/kymo.ts";
import type { Findings } from "./results/figure.ts";
import { machine } from "./harness/machine.ts";
import { type Bar, comparisonChart } from "./results/comparison_chart.ts";
import { type PartResults, partSection, resultsPage, type Run, updatedPage } from "./results/results_page.ts";

/** The parts in the order of the page. */
const ORDER = [
  "compare",
  "sample",
  "encode",
  "stalls",
  "memory",
  "begin",
  "http",
  "preload",
  "workers",
  "work",
  "flat",
  "summary",
  "compact",
  "files",
  "page",
  "many",
  "ship",
  "top",
  "bridge",
];

/** Time limit for a part in one configuration, minutes. */
const TIME_LIMIT = 10;

const root = new URL("../", import.meta.url);
const bun = fileURLToPath(new URL("node_modules/.bin/bun", root));
const partsFolder = new URL("bench/parts/", root);

/** The configurations, each with the command that runs a program. */
const CONFIGURATIONS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  "Deno": [Deno.execPath(), "run", "-A"],
  "Deno without --allow-ffi": [Deno.execPath(), "run", "-A", "--deny-ffi"],
  "Bun": [bun],
};

/** The existing parts, those of {@linkcode ORDER} first. */
function findParts(): string[] {
  const found = [...Deno.readDirSync(partsFolder)]
    .filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => name).toSorted();
  return [...ORDER.filter((name) => found.includes(name)), ...found.filter((name) => !ORDER.includes(name))];
}

/** Runs a part in all configurations, one after the other. */
async function runPart(name: string): Promise<PartResults> {
  const runs: Run[] = [];
  for (const [configuration, command] of Object.entries(CONFIGURATIONS)) {
    const start = performance.now();
    const outcome = await runProgram(command, `bench/parts/${name}/${name}.ts`);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.error(`${name} on ${configuration}: ${"failure" in outcome ? "FAILED" : "ok"} (${seconds} s)`);
    if ("failure" in outcome) console.error(outcome.failure);
    runs.push({ configuration, outcome });
  }
  const about = await Deno.readTextFile(new URL(`${name}/${name}.md`, partsFolder)).catch(() => "");
  return { name, about, runs };
}

/** Runs a program, and reads its findings from its last line. */
async function runProgram([program, ...words]: readonly [string, ...string[]], path: string): Promise<Run["outcome"]> {
  const { code, signal, stdout, stderr } = await new Deno.Command(program, {
    args: [...words, path],
    cwd: root,
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(TIME_LIMIT * 60_000),
  }).output();
  const errors = withoutPaths(new TextDecoder().decode(stderr)).trim();
  if (code !== 0) {
    const end = signal === null ? `exit code ${code}` : `${signal}, perhaps after ${TIME_LIMIT} minutes`;
    return { failure: `${end}\n${errors}` };
  }
  const lastLine = new TextDecoder().decode(stdout).trim().split("\n").at(-1)!;
  try {
    return JSON.parse(lastLine) as Findings;
  } catch {
    return { failure: `the last line has no findings: ${lastLine}\n${errors}` };
  }
}

/** Removes the path of the repository from an output. */
function withoutPaths(text: string): string {
  return text.replaceAll(root.href, "").replaceAll(fileURLToPath(root), "");
}

/** The bars of the chart, if they could be measured. */
function barsOf({ runs }: PartResults): Bar[] | undefined {
  const timesIn = (wanted: string): Map<string, number> => {
    const outcome = runs.find(({ configuration }) => configuration === wanted)!.outcome;
    const figures = "figures" in outcome ? outcome.figures : [];
    return new Map(figures.filter(({ unit }) => unit === "ns").map(({ what, value }) => [what, value.median]));
  };
  const [deno, bun] = [timesIn("Deno"), timesIn("Bun")];
  if (deno.size === 0 || bun.size === 0) return undefined;
  return contenders.map(({ name, keeps }) => ({ name, keeps, deno: deno.get(name)!, bun: bun.get(name)! }));
}

/** Writes the page and the chart. */
async function write(parts: readonly PartResults[]): Promise<void> {
  const circumstances = { date: new Date(), machine: machine(bun, new URL("node_modules/", root)) };
  await writeFormatted("bench/RESULTS.md", resultsPage(parts, circumstances));
  const comparison = parts.find(({ name }) => name === "compare");
  const bars = comparison && barsOf(comparison);
  if (bars === undefined) return console.error("Cannot draw bench/comparison.svg: there is nothing to compare");
  await writeFormatted("bench/comparison.svg", comparisonChart(bars, bareClock.name, kymo.name));
}

/** Replaces some parts in the page, and leaves the chart. */
async function update(parts: readonly PartResults[]): Promise<void> {
  const page = await Deno.readTextFile(new URL("bench/RESULTS.md", root));
  await writeFormatted("bench/RESULTS.md", updatedPage(page, parts, new Date()));
}

/** Writes a file of the repository, formatted. */
async function writeFormatted(path: string, content: string): Promise<void> {
  await Deno.writeTextFile(new URL(path, root), content);
  const { success } = await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", path], cwd: root }).output();
  if (!success) throw new Error(`Cannot format ${path}`);
}

const existing = findParts();
const named = Deno.args.filter((arg) => arg !== "--update");
const isUpdate = named.length < Deno.args.length;
const wanted = named.length > 0 ? named : existing;
const unknown = wanted.filter((name) => !existing.includes(name));
if (unknown.length > 0) {
  console.error(`Cannot run the bench: ${unknown.join(", ")}: no such part; parts are ${existing.join(", ")}`);
  Deno.exit(2);
}
const results: PartResults[] = [];
for (const name of wanted) results.push(await runPart(name));
if (named.length === 0) await write(results);
else if (isUpdate) await update(results);
else console.log(results.map(partSection).join("\n\n"));
Deno.exit(results.some(({ runs }) => runs.some(({ outcome }) => "failure" in outcome)) ? 1 : 0);
