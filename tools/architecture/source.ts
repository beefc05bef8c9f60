/**
 * Reads just enough of a TypeScript source to know what it imports and which globals it names: comments, string literals and regular
 * expressions are told apart from code, and nothing else is understood.
 *
 * @module
 */

/** A module, as far as the rules of the house ask. */
export interface Source {
  /** Path from the root of the repository, with `/`. */
  readonly path: string;
  /** Specifiers of all imports and re-exports: static, type-only and dynamic ones with a literal. */
  readonly imports: readonly string[];
  /** Every string literal without its quotes. */
  readonly strings: readonly string[];
  /** The code, with comments and the insides of literals blanked out. */
  readonly code: string;
  /** Number of lines. */
  readonly lines: number;
}

/** A literal stands in the blanked code as its index between these. */
const literal = /«(\d+)»/;
const importForms = [
  new RegExp(String.raw`\b(?:import|export)\b[^;«»]*?\bfrom\s*${literal.source}`, "g"),
  new RegExp(String.raw`\bimport\s*\(?\s*${literal.source}`, "g"),
];

/** After these a `/` begins a regular expression, not a division. */
const beforeRegExp = /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|void|await|yield))\s*$/;

/** Splits a source into what the rules ask for. */
export function readSource(path: string, text: string): Source {
  const strings: string[] = [];
  const code = blank(text, strings);
  const imports = importForms.flatMap((form) =>
    [...code.matchAll(form)].map((match) => strings[Number(match[1])] ?? "")
  );
  return { path, imports, strings, code, lines: text.split("\n").length - (text.endsWith("\n") ? 1 : 0) };
}

/** The text without comments, each literal replaced by its index in `strings`. Code inside `${…}` of a template stays code. */
function blank(text: string, strings: string[]): string {
  let code = "";
  /** For every template that is open, how many braces are open inside its current `${`. */
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
