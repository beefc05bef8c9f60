/**
 * What SQL that others wrote may do in a confined database: ask, and make tables in memory.
 *
 * DuckDB's own settings keep it from files that are not of the recording. Within them it could still write,
 * and some of its functions change settings, write logs, or run SQL that is a text, in which nothing can be
 * looked for.
 *
 * @module
 */

/** How statements begin that do more, some of them as soon as they are parsed. */
const REFUSED = new Set([
  ...["attach", "call", "checkpoint", "copy", "deallocate", "detach", "execute", "export", "force", "import"],
  ...["install", "load", "pragma", "prepare", "reset", "set", "use", "vacuum"],
]);

/** How statements begin that only ask, or change what is in memory: what EXPLAIN may run. */
const EXPLAINED = new Set([
  ...["select", "from", "with", "values", "table", "pivot", "unpivot", "describe", "desc", "summarize", "show"],
  ...["create", "insert", "update", "delete"],
]);

/** Functions that change settings, write, or run a text. */
const FUNCTIONS =
  /(?<![\w$])(?:(?:en|dis)able_\w+|write_log|truncate_duckdb_logs|(?:force_)?checkpoint|query|query_table|json_execute_serialized_sql)"?\s*\(/i;

/** A secret is a setting, and may be stored in a file. A name may have its letters as numbers. */
const OTHERS = /^\s*(?:create|drop)\b[^(]*\bsecret\b|(?<![\w$])u&["']/i;

/**
 * The tokens of DuckDB's lexer in which other text than code may stand: comments, texts and names. A name is
 * one too, since it may hold dollars.
 */
const TOKENS =
  /--[^\n\r]*|\/\*|\$((?:[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?)\$[^]*?\$\1\$|e'(?:[^'\\]|\\[^]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|[A-Za-z_\x80-\uffff][\w$\x80-\uffff]*/gi;

/** Whether some statements might write files, change settings or run a text. */
export function exceedsConfinement(query: string): boolean {
  const statements = codeOf(query).split(";").filter((statement) => statement.trim() !== "");
  return statements.some((statement) => {
    const asked = statement.replace(/^\s*explain\b\s*(?:analyze\b)?\s*(?:\([^)]*\))?/i, "");
    const beginning = /^[\s(]*(\w*)/.exec(asked)?.[1]?.toLowerCase() ?? "";
    const isMore = asked === statement ? REFUSED.has(beginning) : !EXPLAINED.has(beginning);
    return isMore || FUNCTIONS.test(statement) || OTHERS.test(asked);
  });
}

/** A query with a space for each comment, and with empty texts. */
function codeOf(query: string): string {
  let [code, from] = ["", 0];
  TOKENS.lastIndex = 0;
  for (let found = TOKENS.exec(query); found !== null; found = TOKENS.exec(query)) {
    const [token] = found;
    const isComment = token.startsWith("--") || token === "/*";
    if (token === "/*") TOKENS.lastIndex = endOfComment(query, found.index);
    const isText = /^(?:e?'|\$)/i.test(token);
    code += query.slice(from, found.index) + (isComment ? " " : isText ? "''" : token);
    from = TOKENS.lastIndex;
  }
  return code + query.slice(from);
}

/** Comments may be nested. */
function endOfComment(query: string, begin: number): number {
  let depth = 0;
  for (const { 0: sign, index } of query.slice(begin).matchAll(/\/\*|\*\//g)) {
    depth += sign === "/*" ? 1 : -1;
    if (depth === 0) return begin + index + 2;
  }
  return query.length;
}
