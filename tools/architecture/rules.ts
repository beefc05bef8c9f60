/**
 * The rules of the house. Each takes the sources of the tree and returns what breaks it, one sentence per violation.
 *
 * @module
 */

import type { Source } from "./source.ts";

/** A tree by path from the root of the repository. */
export type Tree = ReadonlyMap<string, Source>;

/** A rule of the house. */
export type Rule = (tree: Tree) => string[];

/** The way of the data: a module imports only from its own layer and from those before it. */
const layers = [
  /^src\/(runtime|errors|result|options|series|default_runtime)\.ts$/,
  /^src\/segment\//,
  /^src\/csv\//,
  /^src\/files\//,
  /^src\/sampling\//,
  /^src\/profiling\//,
  /^src\/recording\//,
  /^src\/http\//,
  /^(mod|src\/core)\.ts$/,
  /^src\/statistics\//,
  /^src\/display\//,
  /^src\/analysis\//,
  /^src\/report\//,
  /^src\/cli\//,
];

/** Above the core: they may use it, it may not know them. */
const aboveTheCore = /^src\/(statistics|display|analysis|report|cli)\//;

const detection = "runtime_adapters/detect.ts";
const compositionRoot = "src/default_runtime.ts";
const port = "src/runtime.ts";
const entries = ["mod.ts", "src/http/mod.ts"];
const maximumLines = 300;

/** `src/` names no runtime, nor anything that only some have: those come through the port. (The page of the report runs in a browser.) */
export const coreNamesNoRuntime: Rule = (tree) => {
  const violations: string[] = [];
  for (const source of within(tree, /^src\/(?!cli\/main\.ts$|report\/viewer\/)/)) {
    const named = globals(source, ["Deno", "Bun", "process", "Buffer", "require", "globalThis"]);
    const modules = source.strings.filter((string) => /^(node|bun|npm|jsr|https?):/.test(string));
    if (source.path === compositionRoot) named.delete("globalThis"); // which it hands to detection
    for (const name of [...named, ...modules]) violations.push(`${source.path} names ${name}`);
  }
  return violations;
};

/** Up to the monitor, time too comes through the port alone, so that tests can hold and turn it. */
export const recordingReadsNoClock: Rule = (tree) => {
  const violations: string[] = [];
  for (const source of within(tree, /^src\/(segment|csv|files|sampling|profiling|recording)\//)) {
    for (const name of globals(source, ["performance", "Date", "setTimeout", "setInterval"])) {
      violations.push(`${source.path} names ${name}`);
    }
  }
  return violations;
};

/** Which of the names a source uses as globals: not as a property, a key, or the name of a declaration. */
function globals(source: Source, names: readonly string[]): Set<string> {
  const uses = new RegExp(String.raw`(?<![.\w$])(${names.join("|")})\b(?!\s*\??:|\s*=[^=])`, "g");
  return new Set([...source.code.matchAll(uses)].map((match) => match[1] ?? ""));
}

/** Layers: imports run only down the way of the data. */
export const importsRunDownTheLayers: Rule = (tree) => {
  const violations: string[] = [];
  for (const [from, to] of edges(tree)) {
    const importer = layers.findIndex((layer) => layer.test(from));
    const imported = layers.findIndex((layer) => layer.test(to));
    if (importer >= 0 && imported > importer) violations.push(`${from} imports ${to}, which is above it`);
  }
  return violations;
};

/** Every module of `src/` has a place in the layers or above them. */
export const everyModuleHasALayer: Rule = (tree) =>
  [...within(tree, /^(src\/|mod\.ts$)/)]
    .filter(({ path }) => !layers.some((layer) => layer.test(path)))
    .map(({ path }) => `${path} is in no layer`);

/** An adapter imports the port, its own folder, and what both runtimes share; only detection knows both. */
export const adaptersImportOnlyThePort: Rule = (tree) => {
  const violations: string[] = [];
  for (const { path, imports } of within(tree, /^runtime_adapters\//)) {
    for (const specifier of imports) {
      const target = resolve(path, specifier);
      const allowed = target === port ||
        (target.startsWith("runtime_adapters/") && (path === detection || shared(path, target)));
      if (!allowed) violations.push(`${path} imports ${specifier}`);
    }
  }
  return violations;
};

/** Whether two modules of `runtime_adapters/` may know each other: the imported one is in the same folder, or belongs to no runtime. */
function shared(from: string, to: string): boolean {
  return to !== detection && (folder(to) === folder(from) || !/^runtime_adapters\/(deno|bun)\//.test(to));
}

/** Only the composition root reaches for an adapter, and only through detection. */
export const onlyDetectionPicksAnAdapter: Rule = (tree) =>
  edges(tree)
    .filter(([from, to]) => to.startsWith("runtime_adapters/") && /^(src\/|mod\.ts$)/.test(from))
    .filter(([from, to]) => from !== compositionRoot || to !== detection)
    .map(([from, to]) => `${from} imports ${to}`);

/** What a user imports reaches neither what is above the core nor any package but the standard library. */
export const entriesReachOnlyTheCore: Rule = (tree) => {
  const reached = new Set(entries.filter((entry) => tree.has(entry)));
  const violations: string[] = [];
  for (const path of reached) {
    if (aboveTheCore.test(path)) violations.push(`the entries reach ${path}`);
    for (const specifier of tree.get(path)?.imports ?? []) {
      if (specifier.startsWith(".")) reached.add(resolve(path, specifier));
      else if (!specifier.startsWith("@std/")) violations.push(`the entries reach ${specifier} through ${path}`);
    }
  }
  return violations;
};

/**
 * What tests share is in `tests/support`, which imports no test. A test uses nothing from another folder of tests, and neither does the bench.
 * Paths of programs that a test runs count as imports.
 */
export const testsShareOnlySupport: Rule = (tree) => {
  const violations: string[] = [];
  for (const { path, strings } of within(tree, /^(tests|bench|tools|examples)\//)) {
    for (const string of strings) {
      if (!/^\.\.?\/.*\.ts$/.test(string)) continue;
      const target = resolve(path, string);
      if (target.startsWith("tests/support/")) continue;
      const isAllowed = path.startsWith("tests/support/")
        ? /^(src\/|runtime_adapters\/|mod\.ts$)/.test(target)
        : !target.startsWith("tests/") || (target.startsWith(folder(path)) && !target.endsWith("_test.ts"));
      if (!isAllowed) violations.push(`${path} uses ${target}`);
    }
  }
  return violations;
};

/** Every import of a TypeScript file leads to one of the tree. */
export const importsLeadSomewhere: Rule = (tree) =>
  edges(tree).filter(([, to]) => to.endsWith(".ts") && !tree.has(to)).map(([from, to]) =>
    `${from} imports ${to}, which does not exist`
  );

/** No module imports itself, however long the way. */
export const noCircles: Rule = (tree) => {
  const violations: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    const start = way.indexOf(path);
    if (start >= 0) violations.push([...way.slice(start), path].join(" → "));
    if (start >= 0 || done.has(path)) return;
    for (const specifier of tree.get(path)?.imports ?? []) {
      if (specifier.startsWith(".")) visit(resolve(path, specifier), [...way, path]);
    }
    done.add(path);
  };
  for (const path of tree.keys()) visit(path, []);
  return violations;
};

/** No file is longer than a reader's patience. */
export const filesAreShort: Rule = (tree) =>
  [...within(tree, /^(src|runtime_adapters)\//)]
    .filter(({ lines }) => lines > maximumLines)
    .map(({ path, lines }) => `${path} has ${lines} lines, more than ${maximumLines}`);

/** Files are named in snake_case. */
export const namesAreSnakeCase: Rule = (tree) =>
  [...tree.keys()].filter((path) => !/^[a-z0-9_/]+(\.d)?\.ts$/.test(path)).map((path) =>
    `${path} is not in snake_case`
  );

function* within(tree: Tree, where: RegExp): Generator<Source> {
  for (const source of tree.values()) if (where.test(source.path)) yield source;
}

/** All imports from one file of the tree to another, as pairs of paths. */
function edges(tree: Tree): [from: string, to: string][] {
  return [...tree.values()].flatMap(({ path, imports }) =>
    imports.filter((specifier) => specifier.startsWith(".")).map((
      specifier,
    ): [string, string] => [path, resolve(path, specifier)])
  );
}

function folder(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

/** The path that a relative specifier leads to; any other specifier as it is. */
function resolve(from: string, specifier: string): string {
  return specifier.startsWith(".") ? new URL(specifier, `file:///${from}`).pathname.slice(1) : specifier;
}
