/**
 * An app for bundlers: it uses all that a bundler could break, prints what only it can see, and ends
 * by SIGTERM, which it does not handle. Argument: the directory. There is no `await` at its top, so
 * that it can be bundled as CommonJS.
 *
 * @module
 */

import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { channel, KymoError, observe, start, status, timeIt } from "@kymo/kymo";
import { openChannel } from "@kymo/kymo/core";
import { timeHandler } from "@kymo/kymo/http";

const [directory = "recorded"] = process.argv.slice(2);

class Shop {
  @timeIt("Shop.price")
  price(amount: number): number {
    return 3 * amount;
  }

  @timeIt("Shop.order")
  static async order(): Promise<Shop> {
    return await Promise.resolve(new Shop());
  }
}

function block(duration: number): void {
  for (const end = performance.now() + duration; performance.now() < end;);
}

function failure(): unknown {
  try {
    timeIt(17 as unknown as string);
  } catch (error) {
    return error;
  }
}

async function main(): Promise<void> {
  start({ monitoringDir: directory, samplingInterval: 50, withRuntime: { whileBlocked: true } });
  const shop = await Shop.order();
  for (let i = 0; i < 100; i++) shop.price(i);
  observe("queue length", 17);
  channel("sales").observe("price", 12.5);
  openChannel("stock", { monitoringDir: directory }).observe("items", 3);
  const handle = timeHandler((_request: Request) => new Response("hello"));
  await (await handle(new Request("http://localhost/greeting"))).text();
  // The thread that watches the loop takes a while to start.
  for (let i = 0; i < 5; i++) {
    await sleep(50);
    block(150);
  }
  const error = failure();
  const { runtime, capabilities, dropped, errors, lastError } = status();
  console.log(JSON.stringify({
    runtime,
    spools: capabilities.spool?.available,
    dropped,
    errors,
    lastError: lastError?.message,
    isKymoError: error instanceof KymoError,
    errorName: error instanceof Error ? error.constructor.name : undefined,
  }));
  setInterval(() => {}, 1_000);
  process.kill(process.pid, "SIGTERM");
}

void main();
