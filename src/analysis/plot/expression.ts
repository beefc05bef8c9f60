/**
 * Expressions of what is plotted: `p99("/orders [GET]") / median("/orders [GET]")`.
 *
 * A label is a name, or stands in quotes if it has other characters; `"→ host [GET]"` is one of outgoing
 * requests. A function takes a label; a label alone is its mean, of memory the sum of all processes, or of a counter its
 * growth per second. `cpu` is the CPU time per time of all processes. Between them and numbers stand `+`, `-`, `*`, `/` and
 * parentheses.
 *
 * @module
 */

import jsep from "jsep";
import { KymoError, quote, reason } from "../../errors.ts";

/** What is computed of the observations of an interval. */
export type Statistic = { readonly quantile: number } | "mean" | "count" | "rate" | "sum" | "alone";

/** An expression. */
export type Expression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "series"; readonly label: string; readonly statistic: Statistic }
  | {
    readonly kind: "operation";
    readonly operator: "+" | "-" | "*" | "/";
    readonly left: Expression;
    readonly right: Expression;
    /** As it was written. */
    readonly text: string;
  };

const FUNCTIONS: Readonly<Record<string, Statistic>> = {
  mean: "mean",
  median: { quantile: 0.5 },
  min: { quantile: 0 },
  max: { quantile: 1 },
  count: "count",
  rate: "rate",
  sum: "sum",
};

/** The names of functions, for help texts. */
export const FUNCTION_NAMES = "mean, median, min, max, count, rate, sum, p50 to p99, and quantile(label, 0.999)";

/** Deeper expressions are refused. */
const MOST_DEPTH = 50;

/**
 * Parses an expression.
 *
 * @throws {KymoError} `"invalid-argument"` if it is none.
 */
export function parseExpression(text: string): Expression {
  const refuse = (why: string): KymoError => new KymoError("invalid-argument", `Cannot plot: ${quote(text)}: ${why}`);
  let parsed: jsep.Expression;
  try {
    parsed = jsep(text);
  } catch (error) {
    throw refuse(reason(error).replace(/^(.)/, (first) => first.toLowerCase()));
  }
  return read(parsed, 0);

  function read(node: jsep.Expression, depth: number): Expression {
    if (depth > MOST_DEPTH) throw refuse("it is too deep");
    const label = labelOf(node);
    if (label !== undefined) return { kind: "series", label, statistic: "alone" };
    if (node.type === "Literal" && typeof node.value === "number") return { kind: "number", value: node.value };
    if (node.type === "UnaryExpression" && (node.operator === "-" || node.operator === "+")) {
      const right = read(node.argument as jsep.Expression, depth + 1);
      const value = node.operator === "-" ? -1 : 1;
      if (right.kind === "number") return { kind: "number", value: value * right.value };
      return { kind: "operation", operator: "*", left: { kind: "number", value }, right, text };
    }
    if (node.type === "BinaryExpression" && "+-*/".includes(node.operator as string)) {
      const operator = node.operator as "+" | "-" | "*" | "/";
      const [left, right] = [node.left, node.right].map((side) => read(side as jsep.Expression, depth + 1));
      return { kind: "operation", operator, left: left!, right: right!, text };
    }
    if (node.type === "CallExpression") return readCall(node as jsep.CallExpression);
    const isEmpty = node.type === "Compound" && (node.body as unknown[]).length === 0;
    throw refuse(
      isEmpty
        ? "it is empty"
        : `an expression is made of labels, which are in quotes if they have other than letters and digits, of ` +
          `functions (${FUNCTION_NAMES}), numbers, + - * / and parentheses`,
    );
  }

  function readCall({ callee, arguments: given }: jsep.CallExpression): Expression {
    const name = callee.type === "Identifier" ? callee.name as string : "";
    const [first, second] = given;
    const label = first && labelOf(first);
    const isQuantile = name === "quantile";
    const statistic = isQuantile
      ? { quantile: second?.type === "Literal" ? Number(second.value) : NaN }
      : Object.hasOwn(FUNCTIONS, name)
      ? FUNCTIONS[name]!
      : /^p\d{1,2}$/.test(name)
      ? { quantile: Number(name.slice(1)) / 100 }
      : undefined;
    if (statistic === undefined) throw refuse(`no function ${quote(name)}; there are ${FUNCTION_NAMES}`);
    if (label === undefined || given.length !== (isQuantile ? 2 : 1)) {
      throw refuse(
        `${name} takes ${isQuantile ? "a label and a number" : "a label"}, such as ${name}("/orders [GET]"` +
          `${isQuantile ? ", 0.999" : ""})`,
      );
    }
    if (typeof statistic === "object" && !(statistic.quantile >= 0 && statistic.quantile <= 1)) {
      throw refuse("a quantile is from 0 to 1");
    }
    return { kind: "series", label, statistic };
  }
}

/** The label that a name or a text is. */
function labelOf(node: jsep.Expression): string | undefined {
  if (node.type === "Identifier") return node.name as string;
  return node.type === "Literal" && typeof node.value === "string" ? node.value : undefined;
}
