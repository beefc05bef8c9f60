/**
 * A small HTTP service that records itself as its environment says. It is what the Deployment beside
 * it runs; alone it records into `_monitoring`:
 *
 * ```sh
 * deno run -A examples/kubernetes/service.ts
 * ./node_modules/.bin/bun examples/kubernetes/service.ts
 * ```
 *
 * It listens on `PORT`, by default 8080, answers `GET /healthz` and `GET /orders/<id>`, and stops on
 * SIGTERM and SIGINT, once the requests in progress are answered.
 *
 * @module
 */

import { start, status, stop, time } from "@kymo/kymo";
import { timeListener } from "@kymo/kymo/http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

start({ onError: ({ message }) => console.error(message) });

const server = createServer(timeListener(async (request, response) => {
  const [, id] = /^\/orders\/(\d+)$/.exec(request.url ?? "") ?? [];
  if (request.url === "/healthz") response.end("ok\n");
  else if (id === undefined) response.writeHead(404).end("There is no such page\n");
  else response.end(await order(Number(id)));
}));

async function order(id: number): Promise<string> {
  using _ = time("read order");
  await sleep(5); // a database
  return `${JSON.stringify({ id, items: ["tea"] })}\n`;
}

server.listen(Number(process.env["PORT"] ?? 8080), () => {
  console.log(`Listening on port ${(server.address() as AddressInfo).port}`);
});

// Without a listener the kernel lets no signal end the first process of a container.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void end());

async function end(): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  await closed;
  await stop();
  const { recorded, flushed } = status();
  console.log(`Stopped: ${flushed} of ${recorded} observations are in files`);
  process.exit();
}
