import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { recover } from "../../../mod.ts";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { commandOf, type Ended, spawnCommand, type Spawned, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { missing } from "../../support/process/system_tools.ts";

const PROGRAM = fileURLToPath(new URL("./fixtures/watched_program.ts", import.meta.url));

/** Time limit of a run, ms. */
const TIME_LIMIT = 30_000;

/**
 * ms between changes of a file: a watcher does not report when it starts, and misses earlier ones.
 * Longer than a restart takes, which waits up to 0.5 s for the program.
 */
const CHANGE_INTERVAL = 1_500;

/** ms after which a watcher that has been told to has started to watch, or has noticed a change. */
const SETTLING = 500;

/** The labels of the rows that the program records, by what it prints then. */
const LABELS = { ready: "started", exit: "ended", SIGTERM: "terminated", SIGINT: "interrupted" } as const;

/** The command that runs a file under `--watch`. */
function watchCommand(file: string, args: readonly string[]): string[] {
  if (thisRuntime === "deno") return commandOf("deno", file, args, ["-A", "--watch", "--no-clear-screen"]);
  const [program = "", ...rest] = commandOf(thisRuntime, file, args);
  return [program, "--watch", "--no-clear-screen", ...rest];
}

/** What the program printed, without what the watcher did. */
function linesOf({ stdout }: Ended): (keyof typeof LABELS)[] {
  // A terminal echoes Ctrl-C.
  return stdout.replaceAll("^C", "").split(/\r?\n/).filter((line): line is keyof typeof LABELS => line in LABELS);
}

/** Runs the program under `--watch`, restarts it by a change, and calls `end` when it runs again. */
async function runWatched(
  { directory, durability, ways, start, end }: {
    directory: string;
    durability: string;
    ways: readonly string[];
    start(command: readonly string[]): Spawned;
    end(spawned: Spawned): void;
  },
): Promise<Ended> {
  using scratch = scratchDirectory();
  const file = scratch.at("watched.ts");
  writeFileSync(file, `import ${JSON.stringify(pathToFileURL(PROGRAM).href)};\n`);
  const spawned = start(watchCommand(file, [directory, durability, ...ways]));
  const change = (): void => appendFileSync(file, "// changed\n");
  await spawned.said(/^ready/m);
  await sleep(SETTLING);
  change();
  const changes = setInterval(change, CHANGE_INTERVAL);
  await spawned.said(/^ready/m, 2);
  clearInterval(changes);
  await sleep(SETTLING);
  end(spawned);
  return await spawned.ended;
}

/** Starts a command in a terminal of its own. */
function startInTerminal(command: readonly string[]): Spawned {
  const line = command.map((word) => `'${word}'`).join(" ");
  return spawnCommand(["script", "--quiet", "--return", "--command", line, "/dev/null"], { timeLimit: TIME_LIMIT });
}

/**
 * Asserts that the program ends with Kymo as it does without, and that each of its rows is in a file
 * once: with durability `memory` right away, with `spool` when the directory was recovered.
 */
async function assertSameEnd(
  ways: readonly string[],
  how: Pick<Parameters<typeof runWatched>[0], "start" | "end">,
  { keepsMemory = true } = {},
): Promise<void> {
  /** How the program ended: its status, and what it printed since it was started last. */
  const endOf = (ended: Ended): object => {
    const lines = linesOf(ended);
    // Deno sometimes calls a listener twice for one Ctrl-C, also without Kymo.
    const last = new Set(lines.slice(lines.lastIndexOf("ready")));
    return { code: ended.code, signal: ended.signal, lines: [...last] };
  };
  const run = async (durability: string): Promise<object> => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const ended = await runWatched({ directory, durability, ways, ...how });
    const lines = linesOf(ended);
    assert(lines.filter((line) => line === "ready").length >= 2, ended.stdout + ended.stderr);
    if (durability !== "none" && (durability !== "memory" || keepsMemory)) {
      if (durability === "spool") assertEquals((await recover(directory)).failures, []);
      const expected = Object.groupBy(lines, (line) => LABELS[line]);
      const counts = Object.entries(expected).map(([label, { length }]) => [label, length]);
      assertEquals(countByLabel(directory, "custom"), Object.fromEntries(counts));
      assertEquals(existsSync(`${directory}/.spools`), false);
    }
    return endOf(ended);
  };
  const [plain, ...recorded] = await Promise.all(["none", "spool", "memory"].map(run));
  for (const end of recorded) assertEquals(end, plain);
}

const skip = thisRuntime === "node"
  ? "only on Deno and Bun: node --watch runs the program in another process"
  : missing("script");

describe(
  "program under --watch is restarted and ends as without Kymo, and each row is in a file once",
  { skip },
  () => {
    const interrupt = {
      start: startInTerminal,
      end: ({ child }: Spawned) => void child.stdin.write("\x03"),
    };
    for (
      const ways of [[], ["handles SIGTERM"], ["exits at SIGTERM"], ["handles SIGINT"], [
        "handles SIGTERM",
        "naturally",
      ]]
    ) {
      it(`by Ctrl-C: ${ways.join(", ") || "no listeners"}`, () => assertSameEnd(ways, interrupt));
    }
    it("by SIGTERM", () => {
      const start = (command: readonly string[]): Spawned => spawnCommand(command, { timeLimit: TIME_LIMIT });
      // Deno: no listener may be there, or each restart would take half a second.
      return assertSameEnd([], { start, end: ({ kill }) => kill("SIGTERM") }, { keepsMemory: thisRuntime !== "deno" });
    });
  },
);
