import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as rules from "../tools/architecture/rules.ts";
import { readSource, type Source } from "../tools/architecture/source.ts";
import { findReplacedWords } from "../tools/architecture/words.ts";

const root = new URL("../", import.meta.url);

/** Names of folders that are generated, and not part of the tree. */
const generated = /(^|\/)(node_modules|output|__pycache__)(\/|$)/;

/** Paths of the files of the repository that the rules are about. */
function sourcePaths(): string[] {
  const folders = ["src", "runtime_adapters", "tests", "bench", "tools", "examples", "docs"];
  const paths = folders.flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => relative(fileURLToPath(root), join(parentPath, name)).replaceAll("\\", "/"))
  );
  return ["mod.ts", "README.md", ...paths.filter((path) => !generated.test(path))];
}

/** The files of the repository; those that are not TypeScript are empty. */
function readTree(): Map<string, Source> {
  return tree(Object.fromEntries(
    sourcePaths().map((path) => [path, path.endsWith(".ts") ? readFileSync(new URL(path, root), "utf8") : ""]),
  ));
}

/** A tree of made-up sources. */
function tree(texts: Record<string, string>): Map<string, Source> {
  return new Map(Object.entries(texts).map(([path, text]) => [path, readSource(path, text)]));
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe("architecture rules", () => {
  const repository = readTree();
  for (const [name, rule] of Object.entries(rules)) {
    it(`hold for the repository: ${name}`, () => assertEquals(rule(repository), []));
  }
  for (const path of repository.keys()) {
    if (!path.startsWith("runtime_adapters/")) continue;
    it(`allow any runtime to import ${path}`, async () => {
      await import(new URL(path, root).href);
    });
  }
});

describe("architecture checker", () => {
  const broken: Record<keyof typeof rules, [texts: Record<string, string>, violations: string[]]> = {
    coreNamesNoRuntime: [{
      "src/csv/a.ts": "const b = Deno.pid + `${Bun.nanoseconds()}`;\nconst fs = load('node:fs'); f(globalThis);",
      "src/csv/b.ts":
        '/** Deno.pid */ const process = 1; // Bun\nconst text = "Deno.pid" + a.process; const c = { Deno: 1 };',
      "src/csv/c.ts": "function f(process: Id) { return key(process); }",
      "src/csv/d.ts": "const keys = all.map((process) => key(process)); const { a, process } = b; f(process);",
      "src/csv/e.ts": "exit(process);",
      "src/default_runtime.ts": "detect(globalThis)",
      "runtime_adapters/deno/a.ts": "Deno.pid;",
    }, [
      "src/csv/a.ts names Deno",
      "src/csv/a.ts names Bun",
      "src/csv/a.ts names globalThis",
      "src/csv/a.ts names node:fs",
      "src/csv/e.ts names process",
    ]],
    recordingReadsNoClock: [{
      "src/sampling/a.ts": "setTimeout(f, performance.now()); clock.performance; // Date",
      "src/http/a.ts": "setTimeout(f, 1);",
    }, ["src/sampling/a.ts names setTimeout", "src/sampling/a.ts names performance"]],
    importsRunDownTheLayers: [{
      "src/csv/a.ts": 'import type { B } from "../files/b.ts";\nimport { r } from "../runtime.ts";',
      "src/errors.ts": 'const later = () => import("./csv/a.ts");',
      "src/analysis/slow/a.ts": 'import "../compare/b.ts"; import "./c.ts"; import "../frames/d.ts";',
      "src/report/viewer/ui/a.ts": 'import "../charts/b.ts"; import "../model/c.ts"; import "../../shared/d.ts";',
    }, [
      "src/csv/a.ts imports src/files/b.ts, which is above it",
      "src/errors.ts imports src/csv/a.ts, which is above it",
      "src/analysis/slow/a.ts imports src/analysis/compare/b.ts, which is beside it",
      "src/report/viewer/ui/a.ts imports src/report/viewer/charts/b.ts, which is above it",
    ]],
    everyModuleHasALayer: [
      { "src/utils.ts": "", "src/cli/a.ts": "", "src/http/a.ts": "", "src/http/a.md": "" },
      ["src/utils.ts is in no layer", "src/cli/a.ts is in no layer"],
    ],
    viewerImportsOnlyBrowserCode: [{
      "src/report/viewer/ui/a.ts":
        'import "../model/b.ts"; import "../../shared/c.ts"; import "../../../display/d.ts"; import "uplot";',
      "src/report/viewer/page/a.ts": 'import "../../data/b.ts"; import "../../../analysis/profile/call_tree.ts";',
    }, ["src/report/viewer/page/a.ts imports src/report/data/b.ts, which is not for browsers"]],
    adaptersImportOnlyThePort: [{
      "runtime_adapters/detect.ts": 'import "./deno/a.ts"; import "./bun/a.ts";',
      "runtime_adapters/bun/a.ts":
        'import "../deno/a.ts"; import "node:fs"; import "../../src/errors.ts"; import "../detect.ts";',
      "runtime_adapters/deno/a.ts": 'import "./b.ts"; import "../posix/a.ts"; import "../../src/runtime.ts";',
      "runtime_adapters/posix/a.ts": 'export * from "../deno/a.ts";',
    }, [
      "runtime_adapters/bun/a.ts imports ../deno/a.ts",
      "runtime_adapters/bun/a.ts imports node:fs",
      "runtime_adapters/bun/a.ts imports ../../src/errors.ts",
      "runtime_adapters/bun/a.ts imports ../detect.ts",
      "runtime_adapters/posix/a.ts imports ../deno/a.ts",
    ]],
    onlyDetectionPicksAnAdapter: [{
      "src/default_runtime.ts": 'import "../../runtime_adapters/detect.ts"; import "../../runtime_adapters/bun/a.ts";',
      "src/http/a.ts": 'import "../../runtime_adapters/detect.ts";',
    }, [
      "src/default_runtime.ts imports runtime_adapters/bun/a.ts",
      "src/http/a.ts imports runtime_adapters/detect.ts",
    ]],
    entriesReachOnlyTheCore: [{
      "mod.ts": 'export { a } from "./src/csv/a.ts";',
      "src/csv/a.ts": 'import { parse } from "@std/csv"; import { x } from "left-pad"; import "../report/a.ts";',
      "src/report/a.ts": "",
      "src/cli/a.ts": 'import "anything";',
      "src/core.ts": 'import "./statistics/a.ts";',
      "src/http/mod.ts": 'import "uplot";',
    }, [
      "the entries reach uplot through src/http/mod.ts",
      "the entries reach left-pad through src/csv/a.ts",
      "the entries reach src/statistics/a.ts",
      "the entries reach src/report/a.ts",
    ]],
    testsShareOnlySupport: [{
      "tests/support/a.ts": 'import "../unit/b.ts"; import "../../src/c.ts"; new URL("../process/fixtures/d.ts");',
      "tests/unit/a_test.ts":
        'import "./b.ts"; import "../support/a.ts"; import "../process/e.ts"; import "./c_test.ts";',
      "bench/a.ts": 'import "../tests/support/a.ts"; import "../tests/unit/b.ts";',
    }, [
      "tests/support/a.ts uses tests/unit/b.ts",
      "tests/support/a.ts uses tests/process/fixtures/d.ts",
      "tests/unit/a_test.ts uses tests/process/e.ts",
      "tests/unit/a_test.ts uses tests/unit/c_test.ts",
      "bench/a.ts uses tests/unit/b.ts",
    ]],
    importsLeadSomewhere: [
      { "mod.ts": 'import "./src/a.ts"; import "./src/b.ts";', "src/a.ts": "" },
      ["mod.ts imports src/b.ts, which does not exist"],
    ],
    noCircles: [{
      "src/a.ts": 'import "./b.ts";',
      "src/b.ts": 'import { c } from "./c.ts";',
      "src/c.ts": 'import type { A } from "./a.ts"; import "./d.ts";',
      "src/d.ts": "",
    }, ["src/a.ts → src/b.ts → src/c.ts → src/a.ts"]],
    foldersAreSmall: [
      Object.fromEntries(
        [
          ...numbers(16).map((n) => `a/b/${n}.css`),
          ...numbers(16).map((n) => `a/${n}/c.ts`),
          ...numbers(17).map((n) => `src/${n}.ts`),
        ]
          .map((path) => [path, ""]),
      ),
      ["a has 17 entries, more than 16"],
    ],
    longFilesHaveAReason: [
      { "src/a.ts": "1;\n".repeat(400), "src/b.ts": "1;\n".repeat(401), "src/c.css": "\n".repeat(401) },
      ["src/b.ts has 401 lines, more than 400"],
    ],
    namesAreSnakeCase: [{ "src/a_b.ts": "", "src/aB.ts": "", "bench/a.d.ts": "", "bench/README.md": "" }, [
      "src/aB.ts is not in snake_case",
    ]],
  };
  for (const [name, [texts, violations]] of Object.entries(broken)) {
    it(`reports violations of ${name}`, () => assertEquals(rules[name as keyof typeof rules](tree(texts)), violations));
  }

  it("distinguishes code from comments, strings, templates and regular expressions", () => {
    const source = readSource(
      "a.ts",
      [
        'import a, { type B } from "one"; // import "no"',
        "import * as c from 'two';",
        'export {\n  d, // from "no"\n} from "three"; /* import "no" */',
        'import "four"; const e = await import("five"); type F = import("six").F;',
        'const g = "import \\"no\\""; const h = `import "no" ${await import("seven")} } "no"`;',
        'const i = /["\'`/]/.test(x / 2 / y) ? /import "no"/ : `${{ a: `${1}` }}`; export * from "eight";',
      ].join("\n"),
    );
    assertEquals(source.imports.toSorted(), ["eight", "five", "four", "one", "seven", "six", "three", "two"]);
  });
});

describe("replaced words", () => {
  /** Files that name the words, and one that is generated. */
  const excepted = /^(tools\/architecture\/words|tests\/architecture_test|src\/report\/viewer_bundle)\.ts$/;

  it("are used nowhere", () => {
    const found = sourcePaths().filter((path) => /\.(ts|md)$/.test(path) && !excepted.test(path))
      .flatMap((path) => findReplacedWords(path, readFileSync(new URL(path, root), "utf8")));
    assertEquals(found, []);
  });

  it("are found in identifiers and in text, and not in other words", () => {
    const text = [
      "new PerformanceObserver(f); Turns the rows into CSV; it means nothing; the settings of DuckDB",
      "class ListObserver {}",
      "interface CompareSettings {",
      "// made harmless, at the anchor",
      "const buckets = 1;",
    ].join("\n");
    assertEquals(findReplacedWords("src/files/a.ts", text), [
      "src/files/a.ts:2: ListObserver: use ObservationSink",
      "src/files/a.ts:3: interface CompareSettings: use Options",
      "src/files/a.ts:4: anchor: use epochOffset",
      "src/files/a.ts:4: harmless: use sanitize",
      "src/files/a.ts:5: buckets: use channel, or DoubleBuffer",
    ]);
    assertEquals(findReplacedWords("src/statistics/a.ts", "const buckets = 1; // an anchor"), []);
  });
});
