/**
 * Reads the JUnit reports of `deno test` and `bun test`, which differ in how they nest.
 *
 * @module
 */

/** A test case: a leaf, not a group of others. */
export interface TestCase {
  /** Names of its groups and its own, joined by ` > `. */
  readonly name: string;
  /** Path of its file; `undefined` where the runtime does not say. */
  readonly file: string | undefined;
  /** Line where it is declared; `undefined` where the runtime does not say. */
  readonly line: number | undefined;
  /** How it went. */
  readonly status: "passed" | "failed" | "skipped";
}

/** What a runtime reports of a suite. */
export interface TestReport {
  /** The test cases. */
  readonly cases: readonly TestCase[];
  /** Paths of the files that had a test. */
  readonly files: ReadonlySet<string>;
}

const tag = /<(\/?)(testsuite|testcase|failure|error|skipped)\b((?:[^>"]|"[^"]*")*?)(\/?)>/g;

/** Reads a report. Paths are relative to where the suite ran. */
export function readJunit(xml: string): TestReport {
  const cases: { name: string; file: string | undefined; line: number | undefined; status: TestCase["status"] }[] = [];
  const files = new Set<string>();
  /** Names of the suites that are open: the file, then, on Bun, the groups. */
  const suites: string[] = [];
  for (const [, closing, element, attributes = "", selfClosing] of xml.matchAll(tag)) {
    const current = cases.at(-1);
    if (element === "testsuite") {
      if (closing) suites.pop();
      else if (!selfClosing) suites.push(attribute(attributes, "name") ?? "");
    } else if (closing) {
      continue;
    } else if (element === "testcase") {
      const [file = "", ...groups] = suites;
      // Deno puts the steps of a group in a suite that is named after its own code, under their full names.
      const known = !file.startsWith("ext:");
      if (known) files.add(file.replace(/^\.\//, ""));
      cases.push({
        name: withoutControls([...groups, attribute(attributes, "name")].join(" > ")),
        file: known ? file.replace(/^\.\//, "") : undefined,
        line: known ? Number(attribute(attributes, "line")) : undefined,
        status: "passed",
      });
    } else if (current !== undefined) {
      current.status = element === "skipped" ? "skipped" : "failed";
    }
  }
  const groups = new Set(
    cases.flatMap(({ name }) => name.split(" > ").map((_, i, path) => path.slice(0, i).join(" > "))),
  );
  return { cases: cases.filter(({ name }) => !groups.has(name)), files };
}

/** Of control characters in names, Deno reports an escape, and Bun some as they are and others not at all: they are left out here. */
function withoutControls(name: string): string {
  // deno-lint-ignore no-control-regex
  return name.replace(/\\x[0-9a-f]{2}|\\[bfnrtv]|[\x00-\x1f\x7f]/gi, "");
}

function attribute(attributes: string, name: string): string | undefined {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1]
    ?.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}
