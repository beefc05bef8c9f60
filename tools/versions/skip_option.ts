/**
 * Makes `bun test` skip what has the option `skip`, which its `node:test` ignores before version
 * 1.3.14. Bun loads it before a test file.
 *
 * @module
 */

import { createRequire } from "node:module";
// @ts-types="bun-types/test.d.ts"
import { mock } from "bun:test";

type Body = (...args: unknown[]) => unknown;
type Test = ((name: string, options: unknown, body?: Body) => void) & { skip(name: string, body?: Body): void };

const original = createRequire(import.meta.url)("node:test") as Record<"describe" | "it" | "test", Test>;

function heedingSkip(test: Test): Test {
  const heeding = (name: string, options: unknown, body?: Body): void => {
    if (typeof options === "function") return test(name, options);
    const { skip } = (options ?? {}) as { skip?: unknown };
    if (skip) test.skip(name, body);
    else test(name, options, body);
  };
  return Object.assign(heeding, test);
}

mock.module("node:test", () => ({
  ...original,
  describe: heedingSkip(original.describe),
  it: heedingSkip(original.it),
  test: heedingSkip(original.test),
}));
