/** An application on `node:http` and on `node:http2`. It prints its ports. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createServer2 } from "node:http2";
import type { AddressInfo, Server } from "node:net";

let waiting = 0;

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(request.url ?? "", "http://localhost");
  if (pathname === "/text") response.end("text");
  else if (pathname === "/later") setTimeout(() => response.end("later"), 5);
  else if (pathname === "/echo") request.pipe(response);
  else if (pathname.startsWith("/orders/")) response.end(JSON.stringify({ id: pathname.slice(8) }));
  else if (pathname === "/bad") response.writeHead(400).end("bad");
  else if (pathname === "/failed") response.writeHead(503).end("failed");
  else if (pathname === "/waits") {
    console.log(`waiting ${++waiting}`);
    response.on("close", () => console.log("gone"));
  } else response.writeHead(404).end("unknown");
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

console.log(`${await listen(createServer(answer))} ${await listen(createServer2(answer as never))}`);
