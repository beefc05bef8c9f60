// deno bench -A bench/

import { bareClock } from "./contenders/bare_clock.ts";
import { beginAll } from "./contenders/contenders.ts";

const field = await beginAll();
addEventListener("unload", () => field.remove());

for (const [name, { run }] of Object.entries(field.recordings)) {
  Deno.bench({ name, group: "an empty block", baseline: name === bareClock.name, fn: () => run(1) });
}
