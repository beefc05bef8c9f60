/**
 * The table of versions in docs/runtimes.md: what is absent where, and why. It is made of
 * capabilities.json beside this file, which holds what `status()` said on each version.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";

/**
 * The reasons why capabilities are absent on a version, by name: with all permissions, in the main
 * isolate and in a worker, and, on Deno, without the permission for FFI.
 */
export type AbsentCapabilities = Readonly<Partial<Record<Place, Readonly<Record<string, string>>>>>;

type Place = "main" | "worker" | "without --allow-ffi";

/** The columns of the table. */
const PLACES: readonly { readonly place: Place; readonly title: string }[] = [
  { place: "main", title: "absent" },
  { place: "worker", title: "in workers, too" },
  { place: "without --allow-ffi", title: "without `--allow-ffi`, too" },
];

/** What is absent on each version, by its name, in the order of the versions. */
export type CapabilitiesByVersion = Readonly<Record<string, AbsentCapabilities>>;

const FILE = "tools/versions/capabilities.json";
const DOCUMENT = "docs/runtimes.md";

/** The comments in the document between which the table is. */
const [BEGIN, END] = ["<!-- versions: begin -->", "<!-- versions: end -->"];

/** No runtime has it: it is in no table. */
const NOWHERE = "gc.uncollectable";

/** What the versions said when the table was made. */
export function knownCapabilities(root: string): CapabilitiesByVersion {
  return JSON.parse(readFileSync(`${root}/${FILE}`, "utf8"));
}

/** Makes the table anew. */
export function writeCapabilities(root: string, capabilities: CapabilitiesByVersion): void {
  writeFileSync(`${root}/${FILE}`, `${JSON.stringify(capabilities, null, 2)}\n`);
  const text = readFileSync(`${root}/${DOCUMENT}`, "utf8");
  const [before = "", rest = ""] = text.split(BEGIN);
  const [, after = ""] = rest.split(END);
  writeFileSync(`${root}/${DOCUMENT}`, `${before}${BEGIN}\n\n${tableOf(capabilities)}\n\n${END}${after}`);
}

/** Where the document says something else than the versions, as sentences; empty if nowhere. */
export function comparedWithDocument(root: string, reported: CapabilitiesByVersion): string[] {
  const known = knownCapabilities(root);
  const mend = "`deno task test:versions --write` makes it anew";
  const changes = Object.entries(reported).flatMap(([name, absent]) => {
    const [is, was] = [JSON.stringify(absent), JSON.stringify(known[name])];
    return is === was ? [] : [`${DOCUMENT} is out of date (${mend}): ${name} reports ${is}, not ${was}`];
  });
  return [
    ...changes,
    ...documentedTable(root) === withoutPadding(tableOf(known)) ? [] : [`${DOCUMENT} has another table (${mend})`],
  ];
}

function documentedTable(root: string): string {
  const [, rest = ""] = readFileSync(`${root}/${DOCUMENT}`, "utf8").split(BEGIN);
  return withoutPadding(rest.split(END)[0]!);
}

/** The formatter aligns the columns of a table. */
function withoutPadding(table: string): string {
  return table.trim().replaceAll(/ +\|/g, " |").replaceAll(/-{3,}/g, "---");
}

/** A Markdown table: a row for versions that are alike, a column for each place. */
export function tableOf(capabilities: CapabilitiesByVersion): string {
  const lines: { runtime: string; versions: string[]; cells: readonly string[] }[] = [];
  for (const [name, absent] of Object.entries(capabilities)) {
    const [, runtime = "", version = ""] = /^(\S+) (.*)$/.exec(name) ?? [];
    const cells = PLACES.map(({ place }) => cellOf(absent, place));
    const last = lines.at(-1);
    if (last?.runtime === runtime && last.cells.join("|") === cells.join("|")) last.versions.push(version);
    else lines.push({ runtime, versions: [version], cells });
  }
  const table = [
    ["versions", ...PLACES.map(({ title }) => title)],
    ["---", ...PLACES.map(() => "---")],
    ...lines.map(({ runtime, versions, cells }) => [`${runtime} ${versions.join(", ")}`, ...cells]),
  ];
  return table.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** What is absent in a place, by reason; what is absent with all permissions in the main isolate, too, only there. */
function cellOf(absent: AbsentCapabilities, place: Place): string {
  const here = absent[place];
  if (here === undefined) return "";
  const names = Object.keys(here).filter((name) =>
    name !== NOWHERE && (place === "main" || here[name] !== absent.main?.[name])
  );
  const byReason = Map.groupBy(names, (name) => here[name]!);
  const parts = [...byReason].map(([reason, same]) => `${same.map((name) => `\`${name}\``).join(", ")}: ${reason}`);
  return parts.join("<br>") || "nothing";
}
