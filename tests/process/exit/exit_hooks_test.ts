import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { spawnSync } from "node:child_process";
import { appendFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import {
  commandOf,
  DENO_FLAGS,
  type Ended,
  onlyOn,
  type RuntimeName,
  spawnCommand,
  type Spawned,
  spawnOn,
  thisRuntime,
} from "../../support/process/run.ts";

type Signal = "SIGHUP" | "SIGINT" | "SIGTERM";

const SIGNALS: readonly Signal[] = ["SIGHUP", "SIGINT", "SIGTERM"];

/** Time limit for a program to exit, ms. */
const PATIENCE = 20_000;

function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}.ts`, import.meta.url));
}

/** Waits for a program to exit, and kills it after {@linkcode PATIENCE}. */
async function endOf({ kill, ended }: Spawned): Promise<Ended> {
  const timer = setTimeout(() => kill("SIGKILL"), PATIENCE);
  return await ended.finally(() => clearTimeout(timer));
}

/** Sends a program the signals, each when it has printed `ready` once more. */
async function signalEach(spawned: Spawned, signals: readonly Signal[]): Promise<Ended> {
  for (const [index, signal] of signals.entries()) {
    void spawned.said(/^ready$/m, index + 1).then(() => spawned.kill(signal));
  }
  return await endOf(spawned);
}

/** Runs `hooked_program.ts`. */
async function run(runtime: RuntimeName, when: string, way: string, signals: readonly Signal[] = []): Promise<Ended> {
  return await signalEach(spawnOn(runtime, fixture("hooked_program"), [when, way]), signals);
}

/** Splits output into the lines of the hook and the others. */
function splitLines(stdout: string): { hooks: string[]; others: string[] } {
  const { hooks = [], others = [] } = Object.groupBy(
    stdout.split("\n").filter((line) => line !== ""),
    (line) => line.startsWith("hook") ? "hooks" : "others",
  );
  return { hooks, others };
}

/**
 * Asserts that a program exits with a hook as it does without, and that the last hook ran after all
 * other output.
 */
async function assertSameEnd(runtime: RuntimeName, when: string, way: string, signals?: Signal[]): Promise<void> {
  const [plain, hooked] = await Promise.all([run(runtime, "never", way, signals), run(runtime, when, way, signals)]);
  const { hooks, others } = splitLines(hooked.stdout);
  assertEquals({ ...hooked, stdout: others }, { ...plain, stdout: splitLines(plain.stdout).others });
  assertEquals(hooks.at(-1), `hook ${others.filter((line) => line !== "ready").length}`);
}

const EVERYWHERE = [
  "naturally",
  "with an exit code",
  "naturally, with a listener for that",
  "by process.exit",
  "by process.exit, with a listener for that",
  "by an error while loading",
  "by an error",
  "by a rejection",
  "by a rejection later",
  "after an error that it handles",
  "after a rejection that it handles",
];

describe("program with an exit hook exits as without, and runs the hook last", () => {
  for (const way of EVERYWHERE) it(way, () => assertSameEnd(thisRuntime, "before", way));
  for (const way of ["by Deno.exit", "by close"]) {
    it(`on Deno ${way}`, { skip: onlyOn("deno") }, () => assertSameEnd("deno", "before", way));
  }
  for (const signal of SIGNALS) {
    it(`by ${signal}`, async () => {
      await assertSameEnd(thisRuntime, "before", "by a signal", [signal]);
      const { code, signal: killer } = await run(thisRuntime, "before", "by a signal", [signal]);
      assertEquals({ code, killer }, { code: null, killer: signal });
    });
  }
  it("by a signal while it serves", () => {
    return assertSameEnd(thisRuntime, "before", "by a signal while it serves", ["SIGTERM"]);
  });
  it("by a signal that it is sent by itself", () => {
    return assertSameEnd(thisRuntime, "before", "by a signal that it is sent by itself");
  });
  it("by a signal that a shell sees", () => {
    const [program = "", ...args] = commandOf(thisRuntime, fixture("hooked_program"), [
      "before",
      "by a signal that it is sent by itself",
    ]);
    const { stdout } = spawnSync("sh", ["-c", '"$@"; echo $?', "sh", program, ...args], { encoding: "utf8" });
    assertEquals(splitLines(stdout).others, ["143"]);
  });
});

describe("program with an exit hook and its own signal listeners receives each signal once, and decides", () => {
  const ways: Record<string, Signal[]> = {
    "by an exit when it gets a signal": ["SIGTERM"],
    "by an exit some time after it gets a signal": ["SIGINT"],
    "naturally after a signal that it listens to once": ["SIGTERM"],
    "by the second signal": ["SIGINT", "SIGINT"],
    "by a signal that it sends again": ["SIGHUP"],
  };
  for (const when of ["before", "after"]) {
    for (const [way, signals] of Object.entries(ways)) {
      it(`${way}, listening ${when} the hook`, () => assertSameEnd(thisRuntime, when, way, signals));
    }
    for (
      const way of [
        "by an exit of Deno.addSignalListener",
        "naturally after a signal that Deno.addSignalListener receives once",
      ]
    ) {
      it(
        `on Deno ${way}, listening ${when} the hook`,
        { skip: onlyOn("deno") },
        () => assertSameEnd("deno", when, way, ["SIGTERM"]),
      );
    }
    it(`as npm:signal-exit does, listening ${when} the hook`, async () => {
      const { signal, stdout } = await run(thisRuntime, when, "as npm:signal-exit ends it", ["SIGTERM"]);
      const { hooks, others } = splitLines(stdout);
      assertEquals({ signal, others }, { signal: "SIGTERM", others: ["ready", "cleaning up"] });
      assert(hooks.length > 0);
    });
  }
});

describe("removed exit hook", () => {
  it("is not called", async () => {
    const ended = await run(thisRuntime, "never", "by a signal after the hook is off", ["SIGTERM"]);
    assertEquals(ended, { code: null, signal: "SIGTERM", stdout: "ready\n", stderr: "" });
  });
  it("leaves no listener", async () => {
    const { stdout } = await run(thisRuntime, "never", "naturally, with nothing left of the hooks");
    assertEquals(stdout, "true true\nready\n");
  });
});

describe("program with an exit hook survives a signal that it survives without", () => {
  // Node gives every signal its default effect when it starts.
  const skip = thisRuntime === "node" ? "only on Deno and Bun: nohup has no effect on Node" : false;
  it("when it was started with nohup", { skip }, async () => {
    const command = commandOf(thisRuntime, fixture("hooked_program"), ["before", "by an exit when its input ends"]);
    const spawned = spawnCommand(["sh", "-c", 'trap "" HUP; exec "$@"', "sh", ...command]);
    await spawned.said(/^ready$/m);
    spawned.kill("SIGHUP");
    await sleep(300);
    spawned.child.stdin.end();
    const { code, signal } = await endOf(spawned);
    assertEquals({ code, signal }, { code: 4, signal: null });
  });

  const first = ["unshare", "--pid", "--fork"];
  const cannotUnshare = spawnSync(first[0]!, [...first.slice(1), "true"]).status === 0
    ? false
    : "processes cannot be numbered anew here";
  it("when it is PID 1 of its container", { skip: cannotUnshare }, async () => {
    const way = "by an exit after a signal that did not kill it";
    const command = commandOf(thisRuntime, fixture("hooked_program"), ["before", way]);
    const { code, signal, stdout } = await endOf(spawnCommand([...first, ...command]));
    assertEquals({ code, signal }, { code: 4, signal: null });
    assertStringIncludes(stdout, "hook");
  });
});

describe("exit hooks of several isolates", () => {
  /**
   * Runs `hooked_isolates.ts`. Returns its exit, the isolates whose hooks ran, and all other
   * output.
   */
  async function runIsolates(runtime: RuntimeName, signal: Signal | undefined, until: RegExp, ...ways: string[]) {
    const spawned = spawnOn(runtime, fixture("hooked_isolates"), ways);
    void spawned.said(until).then(() => spawned.kill(signal ?? "SIGKILL"));
    const { code, signal: killer, stdout } = await endOf(spawned);
    const { hooks, others } = splitLines(stdout);
    return { code, signal: killer, hooks: new Set(hooks), others };
  }

  for (const signal of SIGNALS) {
    it(`all run before ${signal} ends the process`, async () => {
      assertEquals(await runIsolates(thisRuntime, signal, /^ready$/m, "waits", "lives", "lives too"), {
        code: null,
        signal,
        hooks: new Set(["hook main", "hook lives", "hook lives too"]),
        others: ["ready"],
      });
    });
  }
  it("run when the main isolate handles the signal, and its listener runs once", async () => {
    assertEquals(await runIsolates(thisRuntime, "SIGTERM", /^ready$/m, "handles signals", "lives", "lives too"), {
      code: 4,
      signal: null,
      hooks: new Set(["hook main", "hook lives", "hook lives too"]),
      others: ["ready", "handling"],
    });
  });
  it("run on Deno when a worker handles the signal, and its listener runs once", { skip: onlyOn("deno") }, async () => {
    const { code, others } = await runIsolates("deno", "SIGTERM", /^ready$/m, "waits", "lives", "handles signals");
    assertEquals({ code, others }, { code: 6, others: ["ready", "the worker handles it"] });
  });
  it("do not wait for an isolate that never yields", async () => {
    assertEquals(await runIsolates(thisRuntime, "SIGTERM", /^ready$/m, "waits", "lives", "is busy"), {
      code: null,
      signal: "SIGTERM",
      hooks: new Set(["hook main", "hook lives"]),
      others: ["ready"],
    });
  });
  it("do not wait for an isolate that was terminated", async () => {
    assertEquals(await runIsolates(thisRuntime, "SIGINT", /^ready$/m, "terminates a worker", "lives", "lives too"), {
      code: null,
      signal: "SIGINT",
      hooks: new Set(["hook main", "hook lives"]),
      others: ["ready"],
    });
  });

  const ends: [RuntimeName, string][] = [
    [thisRuntime, "exits by process.exit"],
    [thisRuntime, "throws"],
    ["deno", "exits by Deno.exit"],
    ["deno", "closes itself"],
  ];
  for (const [runtime, way] of ends) {
    it(`run in a worker that ${way}`, async () => {
      const { hooks } = await runIsolates(runtime, undefined, new RegExp(`^hook ${way}$`, "m"), "waits", way);
      assert(hooks.has(`hook ${way}`));
    });
  }
});

describe("exit hooks under deno serve --parallel", () => {
  /** Starts a server with two isolates on a free port. */
  async function serve(): Promise<{ spawned: Spawned; url: string }> {
    const [program = ""] = commandOf("deno", "");
    const flags = ["serve", ...DENO_FLAGS, "-A", "--parallel", "--host=127.0.0.1", "--port=0"];
    const spawned = spawnCommand([program, ...flags, fixture("hooked_serve")], { env: { DENO_JOBS: "2" } });
    let output = "";
    const url = await new Promise<string>((resolve, reject) => {
      spawned.child.stderr.on("data", (data: string) => {
        output += data;
        const [url] = /http:\S+(?=\/)/.exec(output) ?? [];
        if (url !== undefined) resolve(url);
      });
      void spawned.ended.then(({ stderr }) => reject(new Error(stderr)));
    });
    return { spawned, url };
  }

  /** The last output of the hook of each isolate, and the expected one. */
  function savedAndAnswered(stdout: string): [saved: Map<string, number>, answered: Map<string, number>] {
    const lines = stdout.trim().split("\n").map((line) => line.split(" ") as [string, string, string]);
    const last = (what: string, from: typeof lines) =>
      new Map(from.filter(([first]) => first === what).map(([, name, count]) => [name, Number(count ?? 0)] as const));
    return [last("hook", lines), new Map([...last("ready", lines), ...last("answered", lines)])];
  }

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`run after the last answer when ${signal} stops the server`, { skip: onlyOn("deno") }, async () => {
      const { spawned, url } = await serve();
      await spawned.said(/^ready/m, 2);
      const requests = Array.from({ length: 8 }, () => fetch(url).then((response) => response.text()));
      await spawned.said(/^request/m, 8);
      spawned.kill(signal);
      await Promise.allSettled(requests);
      const { code, stdout } = await endOf(spawned);
      assertEquals(code, 0);
      const [saved, answered] = savedAndAnswered(stdout);
      assertEquals(saved, answered);
      assertEquals([...saved.values()].reduce((sum, count) => sum + count), 8);
    });
  }
  it("all run before SIGHUP ends the process", { skip: onlyOn("deno") }, async () => {
    const { spawned } = await serve();
    await spawned.said(/^ready/m, 2);
    spawned.kill("SIGHUP");
    const { signal, stdout } = await endOf(spawned);
    assertEquals(signal, "SIGHUP");
    const [saved, answered] = savedAndAnswered(stdout);
    assertEquals(saved, answered);
    assertEquals(saved.size, 2);
  });
});

describe("program with an exit hook on Deno, with any permissions", () => {
  for (const permissions of [[], ["--deny-run"], ["--allow-read"]]) {
    const flags = permissions.join(" ") || "none";
    it(`is killed by a signal as without the hook: ${flags}`, { skip: onlyOn("deno") }, async () => {
      const spawned = spawnOn("deno", fixture("hooked_program"), ["before", "by a signal"], {
        permissions: ["--no-prompt", ...permissions],
      });
      const { stdout, ...ended } = await signalEach(spawned, ["SIGTERM"]);
      assertEquals(ended, { code: null, signal: "SIGTERM", stderr: "" });
      assertStringIncludes(stdout, "hook 0");
    });
  }
  for (const permissions of ["-A", "--allow-read"]) {
    it(`is restarted by --watch in a terminal: ${permissions}`, { skip: onlyOn("deno") }, async () => {
      using scratch = scratchDirectory();
      const file = scratch.at("watched.ts");
      writeFileSync(file, `import ${JSON.stringify(pathToFileURL(fixture("hooked_program")).href)};\n`);
      const command = commandOf("deno", file, ["before", "by a signal"], ["--watch", permissions]);
      const line = command.map((word) => `'${word}'`).join(" ");
      const spawned = spawnCommand(["script", "--quiet", "--return", "--command", line, "/dev/null"]);
      // The watcher would outlive the terminal, so it is killed by a mark on its command line.
      const killAll = (): void => void spawnSync("pkill", ["-KILL", "-f", file]);
      const timer = setTimeout(killAll, PATIENCE);
      await spawned.said(/ready/);
      // The watcher does not report when it starts watching, and misses earlier changes.
      const changes = setInterval(() => appendFileSync(file, "// changed\n"), 500);
      await spawned.said(/ready/, 2);
      clearInterval(changes);
      killAll();
      clearTimeout(timer);
      const { stdout } = await spawned.ended;
      assert(stdout.match(/ready/g)!.length >= 2);
      assertStringIncludes(stdout.split("ready")[1]!, "hook 0");
    });
  }
});
