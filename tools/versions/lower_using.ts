/**
 * Lets Node before version 24 run TypeScript with `using`, which the tests have and the sources of a
 * recording do not: a preload for `node --import`.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";

registerHooks({
  load(url, context, next) {
    if (!/^file:.*\.ts$/.test(url)) return next(url, context);
    const source = readFileSync(new URL(url), "utf8");
    if (!/^\s*(await )?using \w+ =/m.test(source)) return next(url, context);
    const { code } = transformSync(source, {
      loader: "ts",
      target: "node22",
      sourcemap: "inline",
      sourcefile: fileURLToPath(url),
    });
    return { format: "module", source: code, shortCircuit: true };
  },
});
