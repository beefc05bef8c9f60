import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { runCommandLine } from "../../../../src/cli/command_line.ts";
import { fakeCliContext } from "../../../support/fake/cli_context.ts";
import { FakeRuntime } from "../../../support/fake/runtime.ts";

/** Runs `kymo env` with these variables, and returns its exit code and output. */
async function run(variables: FakeRuntime["variables"], args: string[] = [], mayListVariables = true) {
  const runtime = Object.assign(new FakeRuntime(), { variables, mayListVariables });
  const context = fakeCliContext({ runtime });
  const code = await runCommandLine(["env", ...args], context);
  return { code, stdout: context.stdout.text, stderr: context.stderr.text };
}

/** The row of an option as cells. */
function rowOf(stdout: string, variable: string): string[] {
  return stdout.split("\n").find((line) => line.startsWith(`${variable} `))!.split(/ {2,}/);
}

describe("kymo env", () => {
  it("shows each option with its value as the variable takes it, and from where it is", async () => {
    const { code, stdout, stderr } = await run({
      KYMO_MAX_BYTES: "1GiB",
      KYMO_RUNTIME: "while-blocked",
      KYMO_ATTRIBUTES: "zone=b,c=1%2C2",
      OTEL_SERVICE_NAME: "orders",
      KYMO_CLIENT: "true",
    });
    assertEquals([code, stderr, stdout.split("\n").length], [0, "", 21]);
    const rows: string[][] = [
      ["KYMO_DIR", "monitoringDir", "_monitoring", "default"],
      ["KYMO_RUNTIME", "withRuntime", "while-blocked", "KYMO_RUNTIME"],
      ["KYMO_FILE_MODE", "fileMode", "0600", "default"],
      ["KYMO_NAME", "name", "orders", "OTEL_SERVICE_NAME"],
      ["KYMO_INSTANCE", "instance", "–", "default"],
      ["KYMO_ATTRIBUTES", "attributes", "zone=b,c=1%2C2", "KYMO_ATTRIBUTES"],
      ["KYMO_MAX_BYTES", "retention.maxBytes", "1073741824 B", "KYMO_MAX_BYTES"],
      ["KYMO_CLIENT", "–", "1", "KYMO_CLIENT"],
    ];
    for (const row of rows) assertEquals(rowOf(stdout, row[0]!), row);
  });

  it("says what is wrong and what is ignored, and exits with 1", async () => {
    const { code, stdout, stderr } = await run({ KYMO_FLUSH: "soon\u202e", KYMO_DRI: "x", HOSTNAME: "\n" });
    assertEquals([code, rowOf(stdout, "KYMO_FLUSH")], [1, ["KYMO_FLUSH", "flushInterval", "wrong", "KYMO_FLUSH"]]);
    const [first = "", second = "", third = "", end] = stderr.split("\n");
    assertMatch(first, /^Cannot start: KYMO_FLUSH must be ms, .*: "soon\\u202e"$/);
    assertMatch(second, /^Cannot use the environment: HOSTNAME must be 1 to 128 characters.*: "\\n"$/);
    assertMatch(third, /^Cannot use the environment: "KYMO_DRI": there is no .*; is KYMO_DIR meant\?$/);
    assertEquals(end, "");
    for (const variables of [{ KYMO_DRI: "x" }, { HOSTNAME: "\n" }, { KYMO_RECORD: "maybe" }, { KYMO_CLIENT: "on" }]) {
      assertEquals((await run(variables)).code, 1);
    }
  });

  it("says which variables may not be read, and that unknown ones may not be seen", async () => {
    const { code, stdout, stderr } = await run({ KYMO_DIR: undefined, KYMO_NAME: "orders" }, [], false);
    assertEquals([code, rowOf(stdout, "KYMO_DIR")[3]], [0, "default (may not be read)"]);
    assertEquals(rowOf(stdout, "KYMO_LAYOUT")[3], "default");
    assertEquals(stderr, "Unknown variables are not looked for: their names may not be listed\n");
  });

  it("prints values as code gives them as JSON", async () => {
    const variables = {
      KYMO_DIR: undefined,
      KYMO_MAX_AGE: "7d",
      KYMO_FILE_MODE: "0660",
      KYMO_FLUSH: "soon",
      KYMO_CLIENT: "body",
    };
    const { code, stdout } = await run(variables, ["--json"], false);
    const { options, preload, errors, ignored, unreadable, complete } = JSON.parse(stdout);
    assertEquals(preload, [{ variable: "KYMO_CLIENT", value: "body", from: "KYMO_CLIENT" }]);
    const optionOf = (name: string) => options.find(({ option }: { option: string }) => option === name);
    assertEquals(optionOf("retention.maxAge"), {
      option: "retention.maxAge",
      variable: "KYMO_MAX_AGE",
      value: 604_800_000,
      from: "KYMO_MAX_AGE",
    });
    assertEquals([optionOf("fileMode").value, optionOf("flushInterval").value], [0o660, null]);
    assertEquals([optionOf("attributes").value, optionOf("name").value, optionOf("name").from], [{}, null, null]);
    assertEquals([code, errors.length, ignored, unreadable, complete], [1, 1, [], ["KYMO_DIR"], false]);
  });
});
