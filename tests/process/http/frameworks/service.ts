/**
 * Serves one of the applications in `apps/` and records it. It prints its port, and then answers
 * each line of its input with a line: `arrived` with the number of requests that wait for their
 * client to leave, `recorded` with the number of samples, `stop` with the final status.
 *
 * Arguments: the name of the application, and the monitoring directory.
 */

import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";
import * as monitor from "../../../../mod.ts";
import { arrivals } from "./apps/handlers.ts";

const [app = "", monitoringDir = ""] = process.argv.slice(2);

/** What an application exports: a handler, or a server of `node:http` or of Bun that listens. */
type Exported = Handler | Server | BunServer;

/** An object with a handler, as `deno serve` and `bun run` take it. */
interface Handler {
  fetch(request: Request, ...rest: unknown[]): Response | Promise<Response>;
}

/** The used part of a server of Bun. */
interface BunServer {
  readonly port: number;
  requestIP(request: Request): unknown;
}

const isBunServer = (exported: Exported): exported is BunServer => "requestIP" in exported;

/** Serves the application on a free port, unless it does that itself. Returns the port. */
async function serve(exported: Exported): Promise<number> {
  if (isBunServer(exported)) return exported.port;
  if (!("fetch" in exported)) {
    if (!exported.listening) await once(exported, "listening");
    return (exported.address() as AddressInfo).port;
  }
  const { Bun } = globalThis as { Bun?: { serve(options: object): BunServer } };
  const where = { hostname: "127.0.0.1", port: 0 };
  // As `bun run` and `deno serve` do with a default export.
  if (Bun !== undefined) return Bun.serve(Object.assign(exported, where, { development: false })).port;
  return Deno.serve({ ...where, onListen() {} }, (request, info) => exported.fetch(request, info)).addr.port;
}

monitor.start({ monitoringDir });
const { default: exported } = await import(`./apps/${app}.ts`);
console.log(await serve(exported));
for await (const command of createInterface({ input: process.stdin })) {
  if (command === "stop") break;
  console.log(command === "arrived" ? arrivals.count : monitor.status().recorded);
}
await monitor.stop();
console.log(JSON.stringify(monitor.status()));
process.exit();
