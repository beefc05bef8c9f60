/**
 * The rules of the architecture. Each takes the sources of the tree and returns its violations, one
 * sentence each.
 *
 * @module
 */

import type { Source } from "./source.ts";

/** All files of the repository by path from its root. */
export type Tree = ReadonlyMap<string, Source>;

/** Returns what breaks the rule. */
export type Rule = (tree: Tree) => string[];

/**
 * The way of the data, lowest layer first. A module imports only from its own room and from the
 * layers below: rooms side by side in one layer do not know each other.
 */
const layers: readonly (readonly RegExp[])[] = [
  [/^src\/(runtime|errors|result|options|digest|small_json|label_pattern|optional_package|quantities|recording_switch|series|text_coders)\.ts$/],
  [/^src\/(version|default_runtime)\.ts$/],
  [/^src\/segment\//],
  [/^src\/csv\//],
  [/^src\/files\//],
  [/^src\/control\//],
  [/^src\/sampling\//],
  [/^src\/profiling\//],
  [/^src\/recording\//],
  [/^src\/http\//],
  [/^src\/auto\//],
  [/^(mod|src\/core)\.ts$/],
  [/^src\/statistics\//],
  [/^src\/display\//],
  [/^src\/stores\//],
  [/^src\/analysis\/duckdb\//],
  [/^src\/analysis\/compacted\//],
  [/^src\/analysis\/source\//],
  [/^src\/analysis\/programs\//],
  [/^src\/analysis\/stored\//],
  [/^src\/analysis\/frames\//],
  [
    /^src\/analysis\/compare\//,
    /^src\/analysis\/plot\//,
    /^src\/analysis\/slow\//,
    /^src\/analysis\/summary\//,
    /^src\/analysis\/live\//,
    /^src\/analysis\/profile\//,
    /^src\/analysis\/compaction\//,
  ],
  [/^src\/analysis\/mod\.ts$/],
  [/^src\/ship\//],
  [/^src\/bridge\//],
  [/^src\/report\/shared\//],
  [/^src\/report\/viewer\/model\//],
  [/^src\/report\/viewer\/ui\//],
  [/^src\/report\/viewer\/charts\//, /^src\/report\/viewer\/profile\//],
  [/^src\/report\/viewer\/page\//, /^src\/report\/viewer\/difference\//],
  [/^src\/report\/viewer\/main\.ts$/],
  [/^src\/report\/data\//],
  [/^src\/report\/findings\//, /^src\/report\/difference\//],
  [/^src\/report\/live\//],
  [/^src\/report\/[^/]+\.ts$/],
  [/^src\/cli\/(context|exit_codes)\.ts$/],
  [/^src\/cli\/terminal\//],
  [/^src\/cli\/input\//],
  [/^src\/cli\/commands\//],
  [/^src\/cli\/command_line\.ts$/],
  [/^src\/cli\/process_context\.ts$/],
  [/^src\/cli\/main\.ts$/],
];

/** What the entries of a recording program must not load. */
const aboveTheCore = /^src\/(statistics|display|stores|analysis|ship|bridge|report|cli)\//;

/** What a program that records imports. */
const entries = ["mod.ts", "src/core.ts", "src/http/mod.ts", "src/auto/mod.ts"];

/** What the page of a report may import. */
const browserCode =
  /^src\/(report\/(viewer|shared)\/|display\/|statistics\/|(series|result)\.ts$|analysis\/profile\/call_tree\.ts$)/;

const detection = "runtime_adapters/detect.ts";
const compositionRoot = "src/default_runtime.ts";
const port = "src/runtime.ts";

/** Most entries that a folder may have. */
const maximumEntries = 16;

/** Folders with more entries, and why. */
const largeFolders = new Map([
  ["src", "one entry for each layer, so that the tree is the table of contents"],
  ["tests/unit", "one entry for each entry of src, as there"],
  ["bench/parts", "one entry for each part of the bench, which its page has one after the other"],
  ["tests/process", "one entry for each kind of promise to users"],
]);

/** Most lines of a file. */
const maximumLines = 400;

/** Files with more lines, and why. */
const longFiles = new Map([
  ["src/runtime.ts", "the port: one interface with the types that it speaks of"],
  ["src/analysis/frames/telemetry_db.ts", "the class that users of the analysis see, most of it documentation"],
  ["src/files/names.ts", "every name of a file, made and parsed in one place"],
  ["tests/unit/recording/model/watched_monitor.ts", "one model of everything that a monitor promises, read as a whole"],
]);

/**
 * `src/` names no runtime, nor anything that only some have: those come through the port. The
 * command line's entry and its process, and the page of the report, which runs in a browser, are excepted.
 */
export const coreNamesNoRuntime: Rule = (tree) => {
  const violations: string[] = [];
  for (const source of within(tree, /^src\/(?!cli\/(main|process_context)\.ts$|report\/viewer\/)/)) {
    const named = globals(source, ["Deno", "Bun", "process", "Buffer", "require", "globalThis"]);
    const modules = source.strings.filter((string) => /^(node|bun|npm|jsr|https?):/.test(string));
    if (source.path === compositionRoot) named.delete("globalThis"); // which it hands to detection
    for (const name of [...named, ...modules]) violations.push(`${source.path} names ${name}`);
  }
  return violations;
};

/** Up to the monitor, time too comes through the port alone, so that a test controls it. */
export const recordingReadsNoClock: Rule = (tree) => {
  const violations: string[] = [];
  for (const source of within(tree, /^src\/(segment|csv|files|control|sampling|profiling|recording)\//)) {
    for (const name of globals(source, ["performance", "Date", "setTimeout", "setInterval"])) {
      violations.push(`${source.path} names ${name}`);
    }
  }
  return violations;
};

/**
 * Which of the names a source uses as globals: not as a property or a key, nor as the name of
 * something that it declares, such as a parameter.
 */
function globals(source: Source, names: readonly string[]): Set<string> {
  const uses = new RegExp(String.raw`(?<![.\w$])(${names.join("|")})\b(?!\s*\??:|\s*=[^=])`, "g");
  const used = new Set([...source.code.matchAll(uses)].map((match) => match[1] ?? ""));
  return new Set([...used].filter((name) => !declares(source, name)));
}

/** Whether a source has a variable or a parameter of a name. */
function declares({ code }: Source, name: string): boolean {
  const variable = String.raw`\b(?:const|let)\s+${name}\b`;
  const parameter = String.raw`\(${name}\)\s*=>|[(,]\s*${name}\s*\??:`;
  const destructured = String.raw`\{[^{};=()]*(?<![.\w])${name}\b[^{};=()]*\}\s*(?:=(?![=>])|:|\)\s*=>)`;
  return new RegExp([variable, parameter, destructured].join("|")).test(code);
}

/** Imports run only down the layers. */
export const importsRunDownTheLayers: Rule = (tree) => {
  const violations: string[] = [];
  for (const [from, to] of edges(tree)) {
    const [importer, imported] = [roomOf(from), roomOf(to)];
    if (importer === undefined || imported === undefined || importer.room === imported.room) continue;
    const place = imported.layer > importer.layer ? "above" : imported.layer === importer.layer ? "beside" : undefined;
    if (place !== undefined) violations.push(`${from} imports ${to}, which is ${place} it`);
  }
  return violations;
};

/** Every module of `src/` belongs to a layer. */
export const everyModuleHasALayer: Rule = (tree) =>
  [...within(tree, /^(src\/.*|mod)\.ts$/)].filter(({ path }) => roomOf(path) === undefined)
    .map(({ path }) => `${path} is in no layer`);

function roomOf(path: string): { layer: number; room: RegExp } | undefined {
  for (const [layer, rooms] of layers.entries()) {
    const room = rooms.find((room) => room.test(path));
    if (room !== undefined) return { layer, room };
  }
  return undefined;
}

/** The viewer runs in a browser: it imports its own rooms, and modules that need no runtime. */
export const viewerImportsOnlyBrowserCode: Rule = (tree) =>
  edges(tree)
    .filter(([from, to]) => from.startsWith("src/report/viewer/") && !browserCode.test(to))
    .map(([from, to]) => `${from} imports ${to}, which is not for browsers`);

/**
 * An adapter imports the port, its own folder, and what the runtimes share; only detection knows
 * all of them.
 */
export const adaptersImportOnlyThePort: Rule = (tree) => {
  const violations: string[] = [];
  for (const { path, imports } of within(tree, /^runtime_adapters\//)) {
    for (const specifier of imports) {
      const target = resolve(path, specifier);
      const allowed = target === port ||
        (target.startsWith("runtime_adapters/") && (path === detection || isShared(path, target)));
      if (!allowed) violations.push(`${path} imports ${specifier}`);
    }
  }
  return violations;
};

/**
 * Whether one module of `runtime_adapters/` may import another: from the same folder, or one that
 * belongs to no runtime.
 */
function isShared(from: string, to: string): boolean {
  return to !== detection && (folderOf(to) === folderOf(from) || !/^runtime_adapters\/(deno|bun|node)\//.test(to));
}

/** Only the composition root imports an adapter, and only through detection. */
export const onlyDetectionPicksAnAdapter: Rule = (tree) =>
  edges(tree)
    .filter(([from, to]) => to.startsWith("runtime_adapters/") && /^(src\/|mod\.ts$)/.test(from))
    .filter(([from, to]) => from !== compositionRoot || to !== detection)
    .map(([from, to]) => `${from} imports ${to}`);

/**
 * What a recording program imports loads neither what is above the core nor any package but the
 * standard library.
 */
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
 * What tests share is in `tests/support`, which imports no test. A test uses nothing from another
 * folder of tests, and neither does the bench. Paths of programs that a test runs count as imports.
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
        : !target.startsWith("tests/") || (target.startsWith(folderOf(path)) && !target.endsWith("_test.ts"));
      if (!isAllowed) violations.push(`${path} uses ${target}`);
    }
  }
  return violations;
};

/** Every import of a TypeScript file leads to one of the tree. */
export const importsLeadSomewhere: Rule = (tree) =>
  edges(tree).filter(([, to]) => to.endsWith(".ts") && !tree.has(to))
    .map(([from, to]) => `${from} imports ${to}, which does not exist`);

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

/**
 * A folder has few enough entries to be read at a glance, or a reason in {@linkcode largeFolders}.
 */
export const foldersAreSmall: Rule = (tree) => {
  const folders = new Map<string, Set<string>>();
  for (const path of tree.keys()) {
    const names = path.split("/");
    for (let depth = 1; depth < names.length; depth++) {
      folders.getOrInsertComputed(names.slice(0, depth).join("/"), () => new Set()).add(names[depth] ?? "");
    }
  }
  return [...folders].filter(([path, { size }]) => size > maximumEntries && !largeFolders.has(path))
    .map(([path, { size }]) => `${path} has ${size} entries, more than ${maximumEntries}`);
};

/** A file over 400 lines has a reason in {@linkcode longFiles}. */
export const longFilesHaveAReason: Rule = (tree) =>
  [...within(tree, /\.ts$/)].filter(({ path, lines }) => lines > maximumLines && !longFiles.has(path))
    .map(({ path, lines }) => `${path} has ${lines} lines, more than ${maximumLines}`);

/** Source files and folders are named in snake_case. */
export const namesAreSnakeCase: Rule = (tree) =>
  [...tree.keys()].filter((path) => path.endsWith(".ts") && !/^[a-z0-9_/]+(\.d)?\.ts$/.test(path))
    .map((path) => `${path} is not in snake_case`);

function* within(tree: Tree, where: RegExp): Generator<Source> {
  for (const source of tree.values()) if (where.test(source.path)) yield source;
}

/** All imports from one file of the tree to another, as pairs of paths. */
function edges(tree: Tree): [from: string, to: string][] {
  return [...tree.values()].flatMap(({ path, imports }) =>
    imports.filter((specifier) => specifier.startsWith("."))
      .map((specifier): [string, string] => [path, resolve(path, specifier)])
  );
}

/** The folder of a file, with a `/` at its end. */
function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

/** The path that a relative specifier leads to; any other specifier as it is. */
function resolve(from: string, specifier: string): string {
  return specifier.startsWith(".") ? new URL(specifier, `file:///${from}`).pathname.slice(1) : specifier;
}
