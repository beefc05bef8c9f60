import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { MonitorStatus, StartOptions } from "../../../mod.ts";
import { PLAIN_OPTIONS, VARIABLES } from "../../../src/recording/environment.ts";
import { type Ended, onlyOn, RUNTIMES, spawnOn, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const program = fileURLToPath(new URL("./fixtures/record.ts", import.meta.url));
const commandLine = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

/** What the program prints. */
interface Outcome {
  readonly status: MonitorStatus;
  readonly messages: readonly string[];
}

/** Variables that the test was started with do not count. */
const none: Readonly<Record<string, string>> = Object.fromEntries(
  PLAIN_OPTIONS.flatMap((option) => [VARIABLES[option].name, VARIABLES[option].otherwise ?? []].flat())
    .map((name) => [name, ""]),
);

/** Why the source of the command line cannot be run. The package that is built from it can. */
function cannotParse(): string | false {
  const isOld = thisRuntime === "node" && parseInt(process.versions.node) < 24;
  return isOld && "needs the keyword `using`, which Node has from version 24";
}

for (const runtime of RUNTIMES) {
  describe(`a program on ${runtime}`, () => {
    const run = (cwd: string, env: Record<string, string>, options: StartOptions = {}): Promise<Ended> =>
      spawnOn(runtime, program, [JSON.stringify(options)], { cwd, env: { ...none, ...env } }).ended;

    it("records as its environment says", { skip: onlyOn(runtime) }, async () => {
      using scratch = scratchDirectory();
      const { code, stdout, stderr } = await run(scratch.path, {
        KYMO_DIR: scratch.at("data"),
        KYMO_RUNTIME: "1",
        KYMO_LAYOUT: runtime === "node" ? "segments" : "append",
        KYMO_DURABILITY: "memory",
        KYMO_MEMORY: "64KiB",
        KYMO_FLUSH: "1h",
        KYMO_FILE_MODE: "0640",
        KYMO_NAME: "orders",
        HOSTNAME: "orders-7d9f",
        OTEL_RESOURCE_ATTRIBUTES: "zone=b,version=1%2C2",
      });
      assertEquals([code, stderr], [0, ""]);
      const { status, messages }: Outcome = JSON.parse(stdout);
      assertEquals([status.name, status.durability, messages], ["orders", "memory", []]);
      assert(status.channels["runtime"]!.recorded > 0);
      const names = readdirSync(scratch.at("data"));
      const [record = ""] = names.filter((name) => name.startsWith("program."));
      const { name, instance, attributes, options } = JSON.parse(readFileSync(scratch.at(`data/${record}`), "utf8"));
      assertEquals([name, instance, attributes], ["orders", "orders-7d9f", { zone: "b", version: "1,2" }]);
      assertEquals([options.flushInterval, options.memoryThreshold], [3_600_000, 65_536]);
      const [rows = ""] = names.filter((name) => name.startsWith("duration."));
      assertEquals(rows === "duration.csv", runtime !== "node");
      assertEquals(statSync(scratch.at(`data/${rows}`)).mode & 0o777, 0o640);
      assertEquals(existsSync(scratch.at("_monitoring")), false);
    });

    it(
      "is given options in its code that win, and is told of an unknown variable",
      { skip: onlyOn(runtime) },
      async () => {
        using scratch = scratchDirectory();
        const { code, stdout } = await run(
          scratch.path,
          { KYMO_DIR: scratch.at("data"), KYMO_NAME: "from-environment", KYMO_LAYOUT: "wrong", KYMO_FLUHS: "1s" },
          { name: "orders", layout: "segments", monitoringDir: "own" },
        );
        const { status, messages }: Outcome = JSON.parse(stdout);
        assertEquals([code, status.name, existsSync(scratch.at("data"))], [0, "orders", false]);
        assert(readdirSync(scratch.at("own")).some((name) => name.startsWith("duration.")));
        assertEquals(messages, [
          'Cannot use the environment: "KYMO_FLUHS": there is no variable of that name; is KYMO_FLUSH meant?',
        ]);
      },
    );

    it("fails at start if a variable is wrong, and the error names it; not if it is optional", {
      skip: onlyOn(runtime),
    }, async () => {
      using scratch = scratchDirectory();
      const { code, stderr } = await run(scratch.path, { KYMO_FLUSH: "soon" });
      assertEquals(code, 1);
      assertMatch(stderr, /KymoError: Cannot start: KYMO_FLUSH must be .+: "soon"/);
      const optional = await run(scratch.path, { KYMO_FLUSH: "soon", KYMO_OPTIONAL: "1" });
      const { status, messages }: Outcome = JSON.parse(optional.stdout);
      assertEquals([optional.code, status.running, status.errors, messages.length], [0, false, 1, 1]);
      assertEquals(readdirSync(scratch.path), []);
    });
  });

  it(
    `kymo env on ${runtime} says what is in force, from where, and what is wrong`,
    { skip: cannotParse() },
    async () => {
      const run = (env: Record<string, string>, ...args: string[]): Promise<Ended> =>
        spawnOn(runtime, commandLine, ["env", ...args], { env: { ...none, ...env } }).ended;
      const [right, wrong] = await Promise.all([
        run({ KYMO_DIR: "/telemetry", HOSTNAME: "web-2" }),
        run({ KYMO_FLUSH: "soon", KYMO_UNKNOWN: "1" }, "--json"),
      ]);
      assertEquals([right.code, right.stderr], [0, ""]);
      assertMatch(right.stdout, /^KYMO_DIR +monitoringDir +\/telemetry +KYMO_DIR$/m);
      assertMatch(right.stdout, /^KYMO_INSTANCE +instance +web-2 +HOSTNAME$/m);
      assertMatch(right.stdout, /^KYMO_FLUSH +flushInterval +60000 ms +default$/m);
      assertEquals([wrong.code, wrong.stderr], [1, ""]);
      const { options, errors, ignored } = JSON.parse(wrong.stdout);
      assertEquals(options.length, PLAIN_OPTIONS.length);
      assertStringIncludes(errors.join(), "KYMO_FLUSH must be");
      assertStringIncludes(ignored.join(), "KYMO_UNKNOWN");
    },
  );
}
