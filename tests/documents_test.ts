import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { DuckDBInstance } from "@duckdb/node-api";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import denoJson from "../deno.json" with { type: "json" };
import { findSplitExamples, linksOf, packagedDocuments, proseOf, targetOf } from "../tools/documents.ts";
import * as kymo from "../mod.ts";
import * as core from "../src/core.ts";
import { runCommandLine } from "../src/cli/command_line.ts";
import { RUNTIME_SERIES, SERIES } from "../src/series.ts";
import { PLAIN_OPTIONS, VARIABLES } from "../src/recording/environment.ts";
import { checkStartOptions } from "../src/recording/options.ts";
import { fakeCliContext } from "./support/fake/cli_context.ts";
import { scratchDirectory } from "./support/scratch_directory.ts";
import { comparedWithDocument, knownCapabilities } from "../tools/versions/capabilities.ts";
import { nameOf, VERSIONS } from "../tools/versions/supported.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

const read = (path: string): string => readFileSync(join(root, path), "utf8");

const guide = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`);

const documents = [
  "README.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "bench/RESULTS.md",
  "examples/README.md",
  ...guide,
];

/** The names by which links lead to the headings of a document, as GitHub makes them. */
function anchorsOf(path: string): string[] {
  return [...proseOf(root, path).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-")
  );
}

describe("documents", () => {
  for (const path of documents) {
    it(`${path} has no broken link`, () => {
      const broken = linksOf(root, path).filter((link) => {
        const target = targetOf(path, link);
        if (!existsSync(join(root, target))) return true;
        const [, anchor] = link.split("#");
        return anchor !== undefined && !anchorsOf(target).includes(anchor);
      });
      assertEquals(broken, []);
    });
  }

  it("README.md has at most 150 lines and links to every page of the guide", () => {
    assert(read("README.md").split("\n").length <= 151); // with an empty one after the last line end
    const linked = linksOf(root, "README.md").map((link) => targetOf("README.md", link));
    assertEquals(guide.filter((page) => !linked.includes(page)), []);
  });

  it("packages have every file and image that their README leads to", () => {
    const packaged = packagedDocuments(root);
    for (const path of ["examples/demo/report.png", "bench/comparison.svg", ...guide]) {
      assert(packaged.includes(path), path);
    }
    const { include } = denoJson.publish;
    const published = (path: string): boolean =>
      include.some((entry) => entry === path || entry.endsWith("/") && path.startsWith(entry));
    assertEquals(packaged.filter((path) => !published(path)), []);
  });
});

describe("examples in doc comments", () => {
  it("are shown whole by editors", () => {
    const modules = ["mod.ts", ...readdirSync(join(root, "src"), { recursive: true }).map((path) => `src/${path}`)]
      .filter((path) => path.endsWith(".ts") && !path.endsWith("viewer_bundle.ts"));
    assertEquals(modules.flatMap((path) => findSplitExamples(path, read(path))), []);
  });

  it("are split at a word with @ before it, unless that is in quotes", () => {
    const comment = (...code: string[]): string =>
      ["/**", " * ```ts", ...code.map((line) => ` * ${line}`), " * ```", " */", "@outside f();"].join("\n");
    for (const code of ["@timeIt()", "  @timeIt()", "class A { @timeIt() }", "// see @kymo", "{@timeIt()"]) {
      assertEquals(findSplitExamples("a.ts", comment("one();", code)), ["a.ts:4"], code);
    }
    assertEquals(findSplitExamples("a.ts", comment('import "@kymo/kymo";', "a@b; // me@example, 1 @ 2")), []);
  });
});

describe("docs/reference.md", () => {
  const reference = read("docs/reference.md");

  it("names every function that programs import", () => {
    const functions = Object.keys(kymo).filter((name) => !/^[A-Z]/.test(name));
    assertEquals(functions.filter((name) => !reference.includes(`| \`${name}(`)), []);
  });

  it("has every option of start", () => {
    const [section] = /^## Options of `start`$[\s\S]*?^## /m.exec(reference)!;
    const rows = [...section.matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name);
    const options = new Set(PLAIN_OPTIONS.map((option) => option.split(".")[0]!));
    assertEquals(rows.sort(), [...options, "onError", "samplers"].sort());
  });

  it("names every building block", () => {
    const [section] = /^## Building blocks$[\s\S]*/m.exec(reference)!;
    const names = Object.keys(core).filter((name) => name !== "KymoError");
    assertEquals(names.filter((name) => !new RegExp(`\`(?:new )?${name}\\b`).test(section)), []);
  });

  it("has every series of the runtime with its unit, kind and scope", () => {
    const rows = [...reference.matchAll(/^\| `([a-z ]+)` +\| (s|bytes|) *\| (\w+) +\| (process|isolate) /gm)];
    assertEquals(
      rows.map(([, label, unit, kind, scope]) => ({ label, unit, kind, scope })),
      RUNTIME_SERIES.filter(({ label }) => label !== SERIES.gcUncollectable)
        .map(({ label, unit, kind, scope }) => ({ label, unit, kind, scope })),
    );
  });

  it("has every error code", () => {
    const codes = [...read("src/errors.ts").matchAll(/^ {2}\| "([a-z-]+)"/gm)].map(([, code]) => code);
    assert(codes.length >= 10);
    const [errors] = /^## Errors$[\s\S]*?^## /m.exec(reference)!;
    assertEquals([...errors.matchAll(/^\| `"([a-z-]+)"`/gm)].map(([, code]) => code), codes);
  });
});

it("docs/production.md has every environment variable, with its option, its form and its default", () => {
  const [section] = /^## From the environment$[\s\S]*?(?=^## |$(?![\s\S]))/m.exec(read("docs/production.md"))!;
  const rows = section.split("\n").filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const code = (text: string): string => `\`${text}\``;
  const defaults: unknown = checkStartOptions();
  assertEquals(
    rows,
    PLAIN_OPTIONS.map((option) => {
      const { name, otherwise, about, format } = VARIABLES[option];
      const value = option.split(".").reduce((object, key) => (object as Record<string, unknown>)?.[key], defaults);
      const text = value === undefined ? "" : format.write(value);
      const names = otherwise === undefined ? code(name) : `${code(name)}, else ${code(otherwise)}`;
      return [names, code(option), about, format.form, text === "" ? "–" : code(text)];
    }),
  );
});

describe("recipes of docs/http.md", () => {
  /** The applications that the tests serve, by heading, one for each block. */
  const applications: Record<string, readonly string[]> = {
    Hono: ["hono"],
    Elysia: ["elysia", "elysia_listen"],
    h3: ["h3"],
    Oak: ["oak"],
    Express: ["express"],
    Fastify: ["fastify"],
    Koa: ["koa"],
  };

  /** The lines of code; a served application is exported, and listens on any port. */
  const linesOf = (code: string): string[] =>
    code.split("\n").map((line) => line.replace(/^export default |\s+\/\/ .*$/g, "").replace("3000", "0"))
      .filter((line) => line !== "");

  const [frameworks] = /^## Frameworks$[\s\S]*?^## /m.exec(read("docs/http.md"))!;
  const sections = frameworks.split(/^### /m).slice(1).map((section) => [/^.*/.exec(section)![0], section] as const);

  it("are one for each framework that is tested", () => {
    assertEquals(sections.map(([heading]) => heading), Object.keys(applications));
  });

  for (const [heading, section] of sections) {
    it(`are lines of the tested application: ${heading}`, () => {
      const blocks = Array.from(section.matchAll(/^```ts.*\n([\s\S]*?)^```$/gm), ([, code]) => linesOf(code!));
      assertEquals(blocks.length, applications[heading]?.length);
      for (const [i, block] of blocks.entries()) {
        const path = `tests/process/http/frameworks/apps/${applications[heading]![i]}.ts`;
        const application = linesOf(read(path));
        let at = -1;
        const missing = block.filter((line) => {
          const next = application.indexOf(line, at + 1);
          if (next >= 0) at = next;
          return next < 0;
        });
        assertEquals(missing, [], path);
      }
    });
  }
});

it("drivers of docs/reference.md are lines of the tested programs", () => {
  const [guide] = /^### Database drivers$[\s\S]*?^### /m.exec(read("docs/reference.md"))!;
  const blocks = [...guide.matchAll(/^#### (.*)\n\n```ts ignore\n([\s\S]*?)^```$/gm)];
  assertEquals(blocks.map(([, heading]) => heading), ["bun:sqlite", "pg", "postgres"]);
  for (const [, heading = "", code = ""] of blocks) {
    const program = read(`tests/process/examples/drivers/${heading.replace(":", "_")}.ts`).split("\n");
    assertEquals(code.split("\n").filter((line) => !program.includes(line)), [], heading);
  }
});

it("docs/fault_suite.md names tests that exist", () => {
  const files = new Set(readdirSync(join(root, "tests"), { recursive: true }).map((path) => basename(String(path))));
  const named = [...read("docs/fault_suite.md").matchAll(/`(\w+_test)`/g)].map(([, name]) => `${name}.ts`);
  assert(named.length >= 17);
  assertEquals(named.filter((name) => !files.has(name)), []);
});

describe("commands in documents", () => {
  /** Each `kymo …` in a block or between backticks, without what follows a `|` or `#`. */
  const commands = documents.flatMap((path) =>
    [...read(path).matchAll(/(?:^|`)kymo ([a-z]+)([^`\n|#]*)/gm)].map(([, name, rest]) => ({
      path,
      name: name!,
      rest: rest!,
    }))
  );

  it("are commands of kymo with options that it has", async () => {
    assert(commands.length > 20);
    const unknown: string[] = [];
    for (const { path, name, rest } of commands) {
      const context = fakeCliContext({});
      const code = await runCommandLine(["help", ...name === "help" ? [] : [name]], context);
      const options = rest.match(/(?<= )--?[a-z-]+/g) ?? [];
      const known = code === 0 &&
        options.every((option) => new RegExp(`^ +.*${option}\\b`, "m").test(context.stdout.text));
      if (!known) unknown.push(`${path}: kymo ${name}${rest}`);
    }
    assertEquals(unknown, []);
  });
});

describe("SQL in docs/analysis.md", () => {
  const [block] = /^```sql\n[\s\S]*?^```$/m.exec(read("docs/analysis.md"))!;

  /** The rows of each query, those without rows left out. */
  async function results(directory: string): Promise<unknown[][]> {
    const queries = block.split("\n").slice(1, -1).join("\n").replaceAll("_monitoring", directory).split(";");
    const connection = await (await DuckDBInstance.create()).connect();
    const found: unknown[][] = [];
    for (const query of queries.filter((text) => text.trim() !== "")) {
      const rows = (await connection.runAndReadAll(query)).getRowObjectsJson();
      if (!query.includes("CREATE VIEW")) found.push(rows);
    }
    connection.disconnectSync();
    return found;
  }

  it("runs on DuckDB and finds the rows of both layouts", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("_monitoring");
    mkdirSync(directory);
    const rows = (...timepoints: string[]): string =>
      ["Timepoint,Measurement,Label,PID", ...timepoints.map((at) => `${at},0.250000000,/orders [GET],42`), ""]
        .join("\r\n");
    writeFileSync(`${directory}/duration.42-0a1b2c3d-000001.csv`, rows("1700000000000000001", "1700000000999999999"));
    writeFileSync(`${directory}/duration.csv`, rows("1700000001000000000"));

    assertEquals(await results(directory), [
      [{ Label: "/orders [GET]", n: "3", quantiles: [0.25, 0.25, 0.25] }],
      [{ second: "2023-11-14 22:13:20", n: "2" }, { second: "2023-11-14 22:13:21", n: "1" }],
    ]);
  });

  it("finds each label as the text that was recorded, whatever it reads like", async () => {
    using scratch = scratchDirectory();
    const labels = [
      "007",
      "200",
      "true",
      "2026-11-01",
      "12:30:00",
      "1e5",
      "NULL",
      "",
      "a|b|c|d",
      "a;b;c",
      "#x",
      "  x ",
    ];
    const awkward = ["a\tb\tc", 'say "x", y', "a\nb", "a\r\n1,2,c,3"];
    // A file for each label: DuckDB guesses types from the first files alone.
    for (const [i, label] of [...labels, ...awkward, "GET /"].entries()) {
      kymo.start({ monitoringDir: scratch.at("_monitoring") });
      for (let n = 0; n <= i; n++) {
        using _ = kymo.time(label);
      }
      await kymo.stop();
    }
    const [found] = await results(scratch.at("_monitoring"));
    assertEquals(
      (found as { Label: string; n: string }[]).map(({ Label, n }) => [Label, Number(n)]).reverse(),
      [...labels, ...awkward, "GET /"].map((label, i) => [label, i + 1]),
    );
  });
});

describe("docs/runtimes.md", () => {
  it("has the table of what the supported versions said", () => {
    assertEquals(comparedWithDocument(root, {}), []);
    assertEquals(Object.keys(knownCapabilities(root)), VERSIONS.map(nameOf));
  });
});
