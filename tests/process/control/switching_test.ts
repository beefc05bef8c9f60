import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readFileRows } from "../../support/process/recorded_rows.ts";
import {
  commandOf,
  type Ended,
  onlyOn,
  RUNTIMES,
  spawnCommand,
  type Spawned,
  thisRuntime,
} from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const entry = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const loadProgram = fileURLToPath(new URL("../../support/programs/switched_load.ts", import.meta.url));

/** Switches off and on; with `KYMO_TEST_SWITCHES=1000` it takes an hour. */
const SWITCHES = Number(process.env["KYMO_TEST_SWITCHES"] ?? 2);

/** ms between ten numbers of a program and the next ten: the rows of an hour are to fit into the memory of this test. */
const PAUSE = SWITCHES > 100 ? "20" : "1";

/** How long the programs may run, ms. */
const TIME_LIMIT = 120_000 + 10_000 * SWITCHES;

/** Runs a command of `kymo`. */
function kymo(...args: string[]): Promise<Ended> {
  return spawnCommand([...commandOf(thisRuntime, entry), ...args]).ended;
}

/** The used part of what a command prints with `--json`. */
interface Answered {
  readonly programs: readonly {
    readonly pid: number;
    readonly isolate: string;
    readonly answered: boolean;
    readonly recording: { readonly on: boolean; readonly reason?: string } | null;
    readonly counts?: Readonly<Record<string, number>>;
    readonly rate?: number;
    readonly flushed?: boolean;
  }[];
}

async function asked(...args: string[]): Promise<Answered & { readonly code: number | null }> {
  const { code, stdout, stderr } = await kymo(...args, "--json");
  assertEquals(stderr, "");
  return { code, ...JSON.parse(stdout) };
}

/** The one program that records, as it answers now. */
async function onlyProgram(directory: string): Promise<Answered["programs"][number] | undefined> {
  return (await asked("ps", directory)).programs[0];
}

/** Programs that record all the time, the last of which keeps its loop busy. */
async function startLoads(directory: string): Promise<Spawned[]> {
  const runs = [...RUNTIMES.map((runtime) => [runtime, "1", "worker"]), [RUNTIMES[0], "1", ""], [
    RUNTIMES.at(-1),
    "900",
    "",
  ]];
  const loads = runs.map(([runtime, busy, worker]) =>
    spawnCommand(commandOf(runtime as typeof thisRuntime, loadProgram, [directory, busy!, PAUSE, worker!]), {
      timeLimit: TIME_LIMIT,
    })
  );
  for (const one of loads) await one.said(/running/);
  return loads;
}

/** Ends programs, and returns what they say of each isolate. */
async function endLoads(loads: readonly Spawned[]): Promise<Record<string, number>[]> {
  for (const { child } of loads) child.stdin.end();
  const ended = await Promise.all(loads.map(({ ended }) => ended));
  for (const { code, stderr } of ended) assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return ended.flatMap(({ stdout }) =>
    stdout.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line))
  );
}

type Row = readonly [timepoint: bigint, value: number];

/** The rows of an isolate's channel with a label, by timepoint. */
function rowsOf(directory: string, channel: string, isolate: string, label: string): Row[] {
  const rows: Row[] = [];
  for (
    const name of readdirSync(directory).filter((name) => name.startsWith(`${channel}.`) && name.includes(isolate))
  ) {
    readFileRows(join(directory, name), (found, _pid, seconds, nanoseconds, value) => {
      if (found === label) rows.push([BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds), value]);
    });
  }
  return rows.sort(([one], [other]) => one < other ? -1 : one > other ? 1 : 0);
}

/**
 * Checks that an isolate has recorded every number while it was on, and none while it was off.
 * Returns how often it was switched off.
 */
function checkIsolate(directory: string, isolate: string): number {
  const switches = rowsOf(directory, "runtime", isolate, "recording");
  assertEquals(switches.map(([, value]) => value), switches.map((_, index) => index % 2), "off and on in turn");
  const numbers = rowsOf(directory, "custom", isolate, "load");
  const ends = [...switches.map(([timepoint]) => timepoint), 2n ** 63n];
  let [from, last] = [0, 0];
  for (const [index, end] of ends.entries()) {
    let to = from;
    while (to < numbers.length && numbers[to]![0] < end) to++;
    // Two buffers may place their rows on the wall clock a microsecond apart, so not by timepoint.
    const values = numbers.slice(from, to).map(([, value]) => value).sort((one, other) => one - other);
    if (index % 2 === 1) assertEquals(values, [], `recorded while off: ${isolate}`);
    const [first = last + 1] = values;
    assert(index === 0 ? first === 1 : first > last, `${first} after ${last}: ${isolate}`);
    assertEquals(values, Array.from(values, (_, i) => first + i), `recorded while on: ${isolate}`);
    [from, last] = [to, values.at(-1) ?? last];
  }
  return Math.ceil(switches.length / 2);
}

describe("programs under load", () => {
  it("follow each switch, lose nothing that they record while on, and record nothing while off", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const loads = await startLoads(directory);
    const isolates = new Set<string>();
    for (let i = 0; i < SWITCHES; i++) {
      for (const word of ["off", "on"]) {
        const { code, programs } = await asked(word, directory, "--wait", "20s");
        assertEquals(code, 0, JSON.stringify(programs));
        assertEquals(programs.length, 4 + RUNTIMES.length);
        for (const { isolate, answered, recording } of programs) {
          assertEquals([answered, recording], [
            true,
            word === "on" ? { on: true } : { on: false, reason: "off by .control" },
          ]);
          isolates.add(isolate);
        }
      }
    }

    // One that is stopped is named, and follows when it goes on.
    const [stopped] = loads;
    stopped!.kill("SIGSTOP");
    const { code, programs } = await asked("off", directory, "--wait", "5s");
    stopped!.kill("SIGCONT");
    const silent = programs.filter(({ answered }) => !answered);
    assertEquals([code, new Set(silent.map(({ pid }) => pid))], [1, new Set([stopped!.child.pid])]);
    await sleep(1_200);
    const listed = await asked("ps", directory);
    assertEquals([listed.code, listed.programs.filter(({ recording }) => recording?.on)], [0, []]);

    const states = await endLoads(loads);
    let rows = 0;
    for (const isolate of isolates) {
      assertEquals(checkIsolate(directory, isolate), SWITCHES + 1);
      rows += rowsOf(directory, "custom", isolate, "load").length +
        rowsOf(directory, "duration", isolate, "work").length +
        rowsOf(directory, "runtime", isolate, "recording").length;
    }
    const sum = (name: string): number => states.reduce((sum, state) => sum + state[name]!, 0);
    assertEquals(["flushed", "buffered", "dropped", "errors", "invalidSamples"].map(sum), [rows, 0, 0, 0, 0]);
    assertEquals(sum("recorded"), rows);
    assert(rows > 1_000, `${rows}`);
  });

  it("are switched back when the time of --for is over, though the command was killed", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const load = spawnCommand(commandOf(thisRuntime, loadProgram, [directory, "1", PAUSE, ""]));
    await load.said(/running/);
    const command = spawnCommand([...commandOf(thisRuntime, entry), "off", directory, "--for", "4s"]);
    for (let waited = 0; waited < 5_000 && !readdirSync(directory).includes(".control"); waited += 10) await sleep(10);
    command.kill("SIGKILL");
    await command.ended;
    await sleep(5_000);
    let program = await onlyProgram(directory);
    for (let attempt = 0; attempt < 10 && !program?.recording?.on; attempt++) program = await onlyProgram(directory);
    assertEquals(program?.recording, { on: true });
    await endLoads([load]);
    const switches = rowsOf(directory, "runtime", program!.isolate, "recording").map(([, value]) => value);
    assertEquals(switches, [0, 1]);
  });
});

for (const runtime of RUNTIMES) {
  describe(`a running program on ${runtime}`, () => {
    it("is listed, flushed and profiled", { skip: onlyOn(runtime) }, async () => {
      using scratch = scratchDirectory();
      const directory = scratch.at("monitoring");
      const program = spawnCommand(commandOf(runtime, loadProgram, [directory, "1", PAUSE, ""]));
      await program.said(/running/);

      const flushed = await asked("flush", directory);
      const [one] = flushed.programs;
      assertEquals([flushed.code, one?.pid, one?.flushed], [0, program.child.pid, true]);
      const inFiles = rowsOf(directory, "custom", one!.isolate, "load").length;
      assert(inFiles > 0);

      for (const words of [["on", "--pid", "4194304"], ["off", "--isolate", "ffffffff"], ["flush", "--program", "x"]]) {
        const { code, stdout, stderr } = await kymo(...words, directory);
        assertEquals({ code, stdout }, { code: 2, stdout: "" }, words.join(" "));
        assertMatch(stderr, /^Cannot .*: no such program is recording there\n$/);
      }

      const { stdout } = await kymo("ps", directory);
      assertMatch(
        stdout,
        new RegExp(`\\n *${program.child.pid} +load \\(switched_load\\.ts\\) +${runtime} [^\\n]* on `),
      );

      const profile = await kymo("profile", directory, "--pid", `${program.child.pid}`, "--for", "300ms");
      assertEquals([profile.code, profile.stderr], [0, ""]);
      assertMatch(profile.stdout, /^CPU profile of [^]*switched_load_job\.ts/);

      const heap = await kymo("profile", directory, "--for", "300ms", "--heap");
      if (runtime === "bun") {
        const why = `Cannot take a profile: PID ${program.child.pid}: Bun does not sample allocations\n`;
        assertEquals([heap.code, heap.stdout, heap.stderr], [1, "", why]);
      } else {
        assertEquals([heap.code, heap.stderr], [0, ""]);
        const [file] = readdirSync(directory).filter((name) => name.endsWith(".heapprofile"));
        assertMatch(heap.stdout, new RegExp(`${file}"\\nTook 1 heap profile`));
      }
      const [state] = await endLoads([program]);
      assertEquals([state?.["errors"], state?.["dropped"]], [0, 0]);
      assertEquals(readdirSync(directory).filter((name) => /^\.(?!control)/.test(name)), []);
    });
  });
}
