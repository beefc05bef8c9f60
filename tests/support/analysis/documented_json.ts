import { assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { JSON_KINDS } from "../../../src/cli/terminal/json_output.ts";

const reference = readFileSync(new URL("../../../docs/reference.md", import.meta.url), "utf8");
const section = reference.slice(reference.indexOf("\n### JSON\n"), reference.indexOf("\n## Building blocks"));

/** The fields of each kind, by the table in docs/reference.md. */
export const documentedFields: ReadonlyMap<string, readonly string[]> = new Map(
  Array.from(
    section.matchAll(/^\| `([a-z-]+)` +\| ((?:`\w+\??`(?:, )?)+) +\|/gm),
    ([, kind = "", fields = ""]) => [kind, Array.from(fields.matchAll(/\w+\??/g), ([field]) => field)],
  ),
);

/** Asserts that a line of JSON has exactly the fields that the reference names for its kind; returns the kind. */
export function assertDocumented(line: string): string {
  const { version, kind, ...fields } = JSON.parse(line);
  assertEquals([version, Object.keys(JSON.parse(line)).slice(0, 2)], [1, ["version", "kind"]]);
  const documented = documentedFields.get(kind) ?? [];
  const wanted = documented.filter((field) => !field.endsWith("?") || field.slice(0, -1) in fields);
  assertEquals(Object.keys(fields).sort(), wanted.map((field) => field.replace("?", "")).sort(), kind);
  return kind;
}

/** The kinds that the command line has. */
export const KINDS: readonly string[] = JSON_KINDS;
