/**
 * Functions that profiles charge for their own time.
 *
 * Bun's compiler puts a function into the code of its caller where that pays. A profile tells them
 * apart only if it was running when they were compiled: one that begins later (`kymo profile DIR --for
 * 10s`) charges the caller. So a handler's time would be that of the function that times it: of Kymo.
 * The profiler of Deno and Node tells them apart at any time.
 *
 * @module
 */

/** The part of `bun:jsc` that is used. */
interface Compiler {
  noInline?(callee: object): void;
}

let noInline: ((callee: object) => void) | undefined | "unknown" = "unknown";

/**
 * Has the compiler keep a function out of the code of its callers, so that profiles charge it for its
 * time. A call of such a function takes as long, within what can be measured. Does nothing on other
 * runtimes. Does not throw.
 */
export function giveOwnFrame(callee: object): void {
  if (noInline === "unknown") noInline = findNoInline();
  try {
    noInline?.(callee);
  } catch {
    // It is no function of JavaScript.
  }
}

function findNoInline(): ((callee: object) => void) | undefined {
  if (!("Bun" in globalThis)) return undefined; // on Deno the question takes 10 ms
  try {
    const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
    return (process?.getBuiltinModule?.("bun:jsc") as Compiler | undefined)?.noInline;
  } catch {
    return undefined;
  }
}
