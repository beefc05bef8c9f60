/**
 * The ways to time code: a decorated method, a wrapped function, a block, a pair of calls.
 *
 * ```sh
 * deno run -A examples/decorators.ts
 * ./node_modules/.bin/bun examples/decorators.ts
 * ```
 *
 * @module
 */

import * as monitor from "@kymo/kymo";
import { parse as parseCsv } from "@kymo/kymo/core";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

class Kitchen {
  #served = 0;

  // An asynchronous method is timed until its promise settles.
  @monitor.timeIt("Kitchen.cook")
  async cook(dish: string): Promise<string> {
    await sleep(20);
    this.#served++;
    return `${dish} no. ${this.#served}`;
  }
}

// A function keeps its type; one that throws is timed as well.
const parse = monitor.timeIt("parse order")((text: string): string[] => JSON.parse(text));

async function serve(order: string): Promise<void> {
  using _ = monitor.time("serve order"); // until the end of the block, even if it throws
  const kitchen = new Kitchen();
  const dishes = await Promise.all(parse(order).map((dish) => kitchen.cook(dish)));

  const id = monitor.startDurationSample();
  console.log(dishes.join(", "));
  monitor.stopDurationSample("print order", id);
}

const monitoringDir = process.argv[2] ?? "_monitoring";
monitor.start({ monitoringDir });
await serve('["soup", "noodles"]');
await serve("no order").catch((error) => console.log(`Not served: ${error.name}`));
await monitor.stop();

for (const name of await readdir(monitoringDir)) {
  if (!name.includes(`.${process.pid}-`) || !name.endsWith(".csv")) continue;
  for (const { label, measurement } of parseCsv(await readFile(join(monitoringDir, name), "utf8"))) {
    console.log(`${label}: ${(1000 * measurement).toFixed(3)} ms`);
  }
}
