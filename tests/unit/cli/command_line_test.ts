import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { runCommandLine } from "../../../src/cli/command_line.ts";
import { exitCodeOfError } from "../../../src/cli/exit_codes.ts";
import { KymoError, type KymoErrorCode } from "../../../src/errors.ts";
import { fakeCliContext, fakeOutput, summaryOf } from "../../support/fake/cli_context.ts";
import { FakeRuntime } from "../../support/fake/runtime.ts";

/** Runs the command line, and returns its exit code and output. */
async function run(...args: string[]) {
  const context = fakeCliContext({});
  const code = await runCommandLine(args, context);
  return { code, stdout: context.stdout.text, stderr: context.stderr.text };
}

/** The same with a command that throws an error. */
async function runFailing(error: unknown, stderr = fakeOutput()) {
  const context = fakeCliContext({ stderr, recover: () => Promise.reject(error) });
  const code = await runCommandLine(["recover", "dir"], context);
  return { code, stdout: context.stdout.text, stderr: stderr.text };
}

/** The commands, in the order of the help. */
const COMMANDS = [
  "summary",
  "top",
  "report",
  "view",
  "live",
  "slow",
  "why",
  "compare",
  "profile",
  "sql",
  "plot",
  "export",
  "ps",
  "on",
  "off",
  "flush",
  "recover",
  "compact",
  "prune",
  "ship",
  "serve",
  "load",
  "env",
  "completion",
];

describe("the command line", () => {
  for (const option of ["--version", "-V"]) {
    it(`prints the version for ${option}`, async () => {
      assertEquals(await run(option), { code: 0, stdout: "1.2.3\n", stderr: "" });
    });
  }

  for (const args of [["--help"], ["-h"], ["help"]]) {
    it(`prints its commands, exit codes and examples for ${args}`, async () => {
      const { code, stdout, stderr } = await run(...args);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertMatch(stdout, /^Usage: kymo [^]*\n +recover [^]*\nExamples:\n +kymo [^]*\nExit codes:\n +0 /);
      const commands = Array.from(stdout.matchAll(/^ {2}(\w+) (?:\[options\]|<SHELL>)/gm), ([, name]) => name);
      assertEquals(commands, COMMANDS);
    });
  }

  for (const args of [["help", "recover"], ["recover", "--help"]]) {
    it(`prints the help of a command for ${args.join(" ")}`, async () => {
      const { code, stdout, stderr } = await run(...args);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertMatch(stdout, /^Usage: kymo recover \[options\] \[DIR\]\n[^]*--json [^]*\nExamples:\n[^]*\nExit codes:\n/);
    });
  }

  it("keeps its help within 80 columns", async () => {
    for (const args of [["--help"], ...COMMANDS.map((command) => ["help", command])]) {
      assertEquals((await run(...args)).stdout.split("\n").filter((line) => line.length > 80), []);
    }
  });

  it("prints its help without arguments, as an error", async () => {
    const { code, stdout, stderr } = await run();
    assertEquals({ code, stdout, stderr }, { code: 2, stdout: "", stderr: (await run("--help")).stdout });
  });

  const wrong: [args: string[], says: string][] = [
    [["recvor", "dir"], "unknown command 'recvor' (Did you mean recover?)"],
    [["--nonsense"], "unknown option '--nonsense'"],
    [["recover", "--jsn", "dir"], "unknown option '--jsn' (Did you mean --json?)"],
    [["recover", "one", "two"], "too many arguments for 'recover'. Expected 1 argument but got 2: one, two."],
  ];
  for (const [args, says] of wrong) {
    it(`writes on one line what is wrong with ${args.join(" ")}`, async () => {
      assertEquals(await run(...args), { code: 2, stdout: "", stderr: `Cannot run kymo: ${says}\n` });
    });
  }

  it("says that there is no such command when its help is asked for", async () => {
    const { code, stdout, stderr } = await run("help", "nosuch");
    assertEquals({ code, stdout }, { code: 2, stdout: "" });
    assertMatch(
      stderr,
      /^Cannot help: "nosuch": no such command; there are: summary, top, .*, env, completion, help\n$/,
    );
  });

  it("takes the directory of programs that are started here if none is given, and says so", async () => {
    const runIn = async (there: "directory" | "nothing", variables: Record<string, string>) => {
      const runtime = new FakeRuntime();
      runtime.variables = variables;
      const recovered: string[] = [];
      const context = fakeCliContext({
        runtime,
        look: () => there,
        recover: (path) => {
          recovered.push(String(path));
          return Promise.resolve(summaryOf({}));
        },
      });
      const code = await runCommandLine(["recover"], context);
      return [code, recovered, context.stderr.text];
    };
    assertEquals(await runIn("directory", {}), [0, ["_monitoring"], "DIR is _monitoring, by default\n"]);
    assertEquals(await runIn("directory", { KYMO_DIR: "/x" }), [0, ["/x"], "DIR is /x, by KYMO_DIR\n"]);
    const told = 'DIR is /x, by KYMO_DIR\nCannot recover: "/x": no such directory\n';
    assertEquals(await runIn("nothing", { KYMO_DIR: "/x" }), [2, [], told]);
    const none = "Cannot recover: give DIR: KYMO_DIR is not set, and there is no _monitoring here\n";
    assertEquals(await runIn("nothing", {}), [2, [], none]);
  });

  it("writes a failure of the system on one line", async () => {
    const error = new KymoError("permission-denied", 'Cannot recover: "dir": permission denied\n  (os error 13)\n');
    const stderr = 'Cannot recover: "dir": permission denied (os error 13)\n';
    assertEquals(await runFailing(error), { code: 1, stdout: "", stderr });
  });

  it("writes a wrong argument on one line", async () => {
    assertEquals(await runFailing(new KymoError("invalid-argument", "Cannot recover: 1")), {
      code: 2,
      stdout: "",
      stderr: "Cannot recover: 1\n",
    });
  });

  it("has an exit code for each code of errors: 1 for the system and the data, 2 for the user", async () => {
    const codes = Object.keys(exitCodeOfError) as KymoErrorCode[];
    const ended = await Promise.all(codes.map((code) => runFailing(new KymoError(code, "Cannot recover"))));
    assertEquals(ended.map(({ code }) => code), codes.map((code) => exitCodeOfError[code]));
    assertEquals(
      (["not-found", "already-exists", "missing-package", "io", "permission-denied", "invalid-data"] as const)
        .map((code) => exitCodeOfError[code]),
      [2, 2, 2, 1, 1, 1],
    );
  });

  it("throws unexpected errors", async () => {
    await assertRejects(() => runFailing(new TypeError("a defect")), TypeError, "a defect");
  });

  it("colours errors where colours are supported", async () => {
    const { stderr } = await runFailing(new KymoError("io", "Cannot recover"), fakeOutput({ hasColors: true }));
    assertEquals(stderr, "\x1b[31mCannot recover\x1b[39m\n");
  });

  it("makes the titles of its help bold where colours are supported", async () => {
    const stdout = fakeOutput({ hasColors: true });
    await runCommandLine(["--help"], fakeCliContext({ stdout }));
    assertEquals(stdout.text.startsWith("\x1b[1mUsage:\x1b[22m kymo"), true);
  });
});
