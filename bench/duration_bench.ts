// deno bench -A bench/

import { contenders, prepare } from "./duration.ts";

const directory = await Deno.makeTempDir({ prefix: "kymo-bench-" });
await prepare(directory);
addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));

for (const [index, { name, run }] of contenders.entries()) {
  Deno.bench({ name, group: "an empty block", baseline: index === 0, fn: run });
}
