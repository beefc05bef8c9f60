// bun bench/duration_mitata.ts

import { bench, run, summary } from "mitata";
import { bareClock } from "./contenders/bare_clock.ts";
import { beginAll } from "./contenders/contenders.ts";

const field = await beginAll();
try {
  summary(() => {
    for (const [name, recording] of Object.entries(field.recordings)) {
      bench(name, () => recording.run(1)).baseline(name === bareClock.name);
    }
  });
  await run();
  await field.end();
} finally {
  field.remove();
}
