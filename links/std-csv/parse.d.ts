/**
 * The part of `mod.d.ts` that is exported as `@std/csv/parse`.
 *
 * @module
 */

export { parse, type ParseOptions, type ParseResult } from "./mod.d.ts";
