import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { findExamples } from "../../tools/gate/doc_examples.ts";
import { readJunit } from "../../tools/gate/junit.ts";
import { runFiles } from "../../tools/gate/suite.ts";

/**
 * Reports of both runtimes on the same suite: a nested group, and tests at top level, skipped,
 * failed, and with control characters.
 */
const reports = {
  deno: `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="6" failures="2" errors="0" time="0.3">
    <testsuite name="./tests/a_test.ts" tests="2" disabled="0" errors="0" failures="1">
        <testcase name="outer &lt;&amp;&gt;" classname="./tests/a_test.ts" time="0.0" line="3" col="1">
            <failure message="1 test step failed">1 test step failed.</failure>
        </testcase>
        <testcase name="top" classname="./tests/a_test.ts" time="0.0" line="9" col="1">
        </testcase>
    </testsuite>
    <testsuite name="ext:deno_node/testing.ts" tests="4" disabled="1" errors="0" failures="1">
        <testcase name="outer &lt;&amp;&gt; &gt; bad" classname="ext:deno_node/testing.ts" time="0.0" line="1" col="1">
            <failure message="Uncaught Error:
    &lt;testcase&gt; &quot;1 > 2&quot;">Error</failure>
        </testcase>
        <testcase name="outer &lt;&amp;&gt; &gt; skipped" classname="ext:deno_node/testing.ts" time="0.0" line="1" col="1">
            <skipped/>
        </testcase>
        <testcase name="outer &lt;&amp;&gt; &gt; inner" classname="ext:deno_node/testing.ts" time="0.0" line="1" col="1">
        </testcase>
        <testcase name="outer &lt;&amp;&gt; &gt; inner &gt; good\\n\\x00" classname="ext:deno_node/testing.ts" time="0.0" line="1" col="1">
        </testcase>
    </testsuite>
</testsuites>`,
  bun: `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="4" assertions="0" failures="1" skipped="1" time="0.2">
  <testsuite name="tests/a_test.ts" file="tests/a_test.ts" tests="4" assertions="0" failures="1" skipped="1" time="0.1" hostname="h">
    <testsuite name="outer &lt;&amp;&gt;" file="tests/a_test.ts" line="3" tests="3" assertions="0" failures="1" skipped="1" time="0" hostname="h">
      <testcase name="bad" classname="outer &lt;&amp;&gt;" time="0.0" file="tests/a_test.ts" line="4" assertions="0">
        <failure type="Error" message="&lt;testcase&gt;&#10;">Error&#10;</failure>
      </testcase>
      <testcase name="skipped" classname="outer &lt;&amp;&gt;" time="0" file="tests/a_test.ts" line="5" assertions="0">
        <skipped />
      </testcase>
      <testsuite name="inner" file="tests/a_test.ts" line="6" tests="1" assertions="0" failures="0" skipped="0" time="0" hostname="h">
        <testcase name="good
" classname="inner &gt; outer &lt;&amp;&gt;" time="0.0" file="tests/a_test.ts" line="7" assertions="0" />
      </testsuite>
    </testsuite>
    <testcase name="top" classname="" time="0.0" file="tests/a_test.ts" line="9" assertions="0" />
  </testsuite>
</testsuites>`,
};

describe("readJunit", () => {
  for (const [runtime, xml] of Object.entries(reports)) {
    it(`reads the test cases of a report of ${runtime}`, () => {
      const { cases, files } = readJunit(xml);
      assertEquals([...files], ["tests/a_test.ts"]);
      assertEquals(cases.map(({ name, status }) => `${name}: ${status}`).toSorted(), [
        "outer <&> > bad: failed",
        "outer <&> > inner > good: passed",
        "outer <&> > skipped: skipped",
        "top: passed",
      ]);
    });
  }

  it("reads the line of each test that the runtime reports", () => {
    const lines = (xml: string) => Object.fromEntries(readJunit(xml).cases.map(({ name, line }) => [name, line]));
    assertEquals(lines(reports.bun)["outer <&> > skipped"], 5);
    assertEquals(lines(reports.deno)["outer <&> > skipped"], undefined);
    assertEquals(lines(reports.deno)["top"], 9);
  });
});

describe("findExamples", () => {
  it("finds code blocks in Markdown", () => {
    const text = [
      "text",
      "```ts",
      "one();",
      "```",
      "```ts ignore",
      "no();",
      "```",
      "```sh",
      "no",
      "```",
      "```js",
      "two();",
      "```",
    ];
    assertEquals(findExamples("a.md", text.join("\n")), [
      { origin: "a.md:3", code: "one();" },
      { origin: "a.md:12", code: "two();" },
    ]);
  });

  it("finds code blocks in doc comments only", () => {
    const text = [
      "/** Does something.",
      " *",
      " * ```ts",
      " * one();",
      " *",
      " *   two();",
      " * ```",
      " */",
      "const no = `",
      "```ts",
      "no();",
      "````;",
      "  /**",
      "   * ```ts",
      "   * three();",
      "   * ```",
      "   */",
    ];
    assertEquals(findExamples("a.ts", text.join("\n")), [
      { origin: "a.ts:4", code: "one();\n\n  two();" },
      { origin: "a.ts:15", code: "three();" },
    ]);
  });
});

describe("runFiles", () => {
  /** Runs files of which some fail on Bun, the first `failures` times. Returns the outcome, and what was run there. */
  const runFailing = async (failures: Readonly<Record<string, number>>, files: readonly string[]) => {
    const run: string[] = [];
    const outcome = await runFiles(files, async (runtime, file) => {
      if (runtime === "bun") run.push(file);
      const ok = runtime === "deno" || run.filter((other) => other === file).length > (failures[file] ?? 0);
      const status = ok ? "passed" : "failed";
      const cases = [{ name: file, file, line: 1, status } as const];
      return await Promise.resolve({ ok, output: ok ? "" : "why", report: { cases, files: new Set([file]) } });
    });
    const failed = outcome.bun.report.cases.filter(({ status }) => status === "failed").map(({ name }) => name);
    return { ok: outcome.bun.ok, unsteady: outcome.unsteady.map(({ file, output }) => [file, output]), failed, run };
  };

  it("runs a file that failed once more, and keeps both outcomes", async () => {
    const { run, ...outcome } = await runFailing({ a: 1, b: 2 }, ["a", "b", "c"]);
    assertEquals(outcome, { ok: false, unsteady: [["a", "why"]], failed: ["b"] });
    assertEquals(run, ["a", "b", "c", "a", "b"]);
    const once = await runFailing({ a: 1 }, ["a", "b"]);
    assertEquals([once.ok, once.failed, once.unsteady], [true, [], [["a", "why"]]]);
  });

  it("runs none again if many fail", async () => {
    const files = ["a", "b", "c", "d"];
    const { run, failed, ok, unsteady } = await runFailing({ a: 1, b: 1, c: 1, d: 1 }, files);
    assertEquals([run, failed, ok, unsteady], [files, files, false, []]);
  });
});
