// bun bench/duration_mitata.ts

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bench, run, summary } from "mitata";
import { contenders, finish, prepare } from "./duration.ts";

const directory = mkdtempSync(join(tmpdir(), "kymo-bench-"));
try {
  await prepare(directory);
  summary(() => {
    for (const [index, contender] of contenders.entries()) bench(contender.name, contender.run).baseline(index === 0);
  });
  await run();
  await finish();
} finally {
  rmSync(directory, { recursive: true });
}
