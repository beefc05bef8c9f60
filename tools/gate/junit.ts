/**
 * Reads the JUnit reports of `deno test`, `bun test` and `node:test`, which nest groups differently.
 *
 * @module
 */

/** A test case, not a group of them. */
export interface TestCase {
  /** Names of its groups and of the test, joined by ` > `. */
  readonly name: string;
  /** Path of its file, if the runtime reports it. */
  readonly file: string | undefined;
  /** Line of its declaration, if the runtime reports it. */
  readonly line: number | undefined;
  readonly status: "passed" | "failed" | "skipped";
  /** Why it was skipped, if the runtime reports it. */
  readonly reason?: string;
}

/** The report of a runtime on a suite. */
export interface TestReport {
  readonly cases: readonly TestCase[];
  /** Paths of the files with at least one test. */
  readonly files: ReadonlySet<string>;
}

const tag = /<(\/?)(testsuite|testcase|failure|error|skipped)\b((?:[^>"]|"[^"]*")*?)(\/?)>/g;

/**
 * Reads a report. Paths are relative to the working directory of the suite, which Node's report needs
 * as `root`.
 */
export function readJunit(xml: string, root = ""): TestReport {
  const cases: (Omit<TestCase, "status" | "reason"> & { status: TestCase["status"]; reason?: string })[] = [];
  const files = new Set<string>();
  /** Names of the open suites: the file, then, on Bun, the groups. */
  const suites: string[] = [];
  for (const [, closing, element, attributes = "", selfClosing] of xml.matchAll(tag)) {
    const current = cases.at(-1);
    if (element === "testsuite") {
      if (closing) suites.pop();
      else if (!selfClosing) suites.push(attribute(attributes, "name") ?? "");
    } else if (closing) {
      continue;
    } else if (element === "testcase") {
      // Node reports no suite for the file.
      const path = attribute(attributes, "file");
      const [file = "", ...groups] = path?.startsWith("/") ? [path.slice(root.length + 1), ...suites] : suites;
      // Deno reports the steps of a group, with their full names, in a suite named after its own
      // code.
      const known = !file.startsWith("ext:");
      if (known) files.add(file.replace(/^\.\//, ""));
      cases.push({
        name: withoutControls([...groups, attribute(attributes, "name")].join(" > ")),
        file: known ? file.replace(/^\.\//, "") : undefined,
        line: known ? Number(attribute(attributes, "line") ?? NaN) : undefined,
        status: "passed",
      });
    } else if (current !== undefined) {
      current.status = element === "skipped" ? "skipped" : "failed";
      const reason = element === "skipped" ? attribute(attributes, "message") : undefined;
      if (reason !== undefined) current.reason = reason;
    }
  }
  const groups = new Set(
    cases.flatMap(({ name }) => name.split(" > ").map((_, i, path) => path.slice(0, i).join(" > "))),
  );
  return { cases: cases.filter(({ name }) => !groups.has(name)), files };
}

/** Removes control characters: Deno reports them escaped, Bun as they are or not at all. */
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
