/**
 * Reads the imports and the code of a TypeScript source. It distinguishes comments, string literals
 * and regular expressions from code, and parses nothing else.
 *
 * @module
 */

/** A module, as far as the architecture rules need it. */
export interface Source {
  /** Path from the root of the repository, with `/`. */
  readonly path: string;
  /**
   * Specifiers of all imports and re-exports: static, type-only and dynamic ones with a literal.
   */
  readonly imports: readonly string[];
  /** All string literals, without quotes. */
  readonly strings: readonly string[];
  /** The code without comments, and with a placeholder for each literal. */
  readonly code: string;
  readonly lines: number;
}

/** The placeholder of a literal: its index in `strings`. */
const literal = /«(\d+)»/;
const importForms = [
  new RegExp(String.raw`\b(?:import|export)\b[^;«»]*?\bfrom\s*${literal.source}`, "g"),
  new RegExp(String.raw`\bimport\s*\(?\s*${literal.source}`, "g"),
];

/** Code after which a `/` starts a regular expression, not a division. */
const beforeRegExp = /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|void|await|yield))\s*$/;

/** Reads a source. */
export function readSource(path: string, text: string): Source {
  const strings: string[] = [];
  const code = blank(text, strings);
  const imports = importForms.flatMap((form) =>
    [...code.matchAll(form)].map((match) => strings[Number(match[1])] ?? "")
  );
  return { path, imports, strings, code, lines: text.split("\n").length - (text.endsWith("\n") ? 1 : 0) };
}

/** Replaces comments and literals. Code inside `${…}` of a template stays code. */
function blank(text: string, strings: string[]): string {
  let code = "";
  /** For each open template, the number of open braces inside its current `${`. */
  const templates: number[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at] ?? "";
    const two = text.slice(at, at + 2);
    const depth = templates.at(-1);
    if (two === "//") {
      at = endOf(text, "\n", at);
    } else if (two === "/*") {
      at = endOf(text, "*/", at + 2) + 2;
    } else if (character === '"' || character === "'") {
      const end = endOfString(text, character, at + 1);
      code += `«${strings.push(text.slice(at + 1, end)) - 1}»`;
      at = end + 1;
    } else if (character === "`" || (character === "}" && depth === 0)) {
      const end = endOfTemplatePart(text, at + 1);
      code += `«${strings.push(text.slice(at + 1, end)) - 1}»`;
      if (character === "}") templates.pop();
      if (text[end] === "$") templates.push(0);
      at = end + (text[end] === "$" ? 2 : 1);
    } else if (character === "/" && beforeRegExp.test(code.slice(-40))) {
      at = endOfRegExp(text, at + 1);
    } else {
      if (depth !== undefined && character === "{") templates[templates.length - 1] = depth + 1;
      if (depth !== undefined && character === "}") templates[templates.length - 1] = depth - 1;
      code += character;
      at++;
    }
  }
  return code;
}

function endOf(text: string, what: string, from: number): number {
  const end = text.indexOf(what, from);
  return end < 0 ? text.length : end;
}

function endOfString(text: string, quote: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== quote) at += text[at] === "\\" ? 2 : 1;
  return at;
}

/** Index of the closing backtick, or of the `$` of a `${`. */
function endOfTemplatePart(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== "`" && !text.startsWith("${", at)) at += text[at] === "\\" ? 2 : 1;
  return at;
}

function endOfRegExp(text: string, from: number): number {
  let at = from;
  let inClass = false;
  while (at < text.length && (inClass || text[at] !== "/") && text[at] !== "\n") {
    if (text[at] === "[") inClass = true;
    if (text[at] === "]") inClass = false;
    at += text[at] === "\\" ? 2 : 1;
  }
  return at + 1;
}
