/**
 * An application that times its requests itself, and names them, but leaves it to others to start a
 * recording. It prints its ports.
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { nameRequest, timeHandler, timeListener, timeServer } from "../../../../src/http/mod.ts";

const options = { port: 0, hostname: "127.0.0.1" };
const answer = (request: Request): Response => {
  nameRequest(request, "/named/:id");
  return new Response("answer");
};

interface Server {
  readonly port: number;
}

async function ownServers(): Promise<number[]> {
  if ("Deno" in globalThis) {
    const timed = timeHandler(answer);
    // In the second case there is code of the program around what is timed.
    const handlers = [timed, async (request: Request, info: Deno.ServeHandlerInfo) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return await (timed as unknown as Deno.ServeHandler)(request, info);
    }];
    return handlers.map((handler) => Deno.serve({ ...options, onListen() {} }, handler as Deno.ServeHandler).addr.port);
  }
  // @ts-ignore: the types of Deno know no such module
  const { serve } = await import("bun") as { serve(options: object): Server };
  return [
    serve(timeServer({ ...options, fetch: answer })).port,
    serve({ ...options, fetch: timeHandler(answer) }).port,
  ];
}

const server = createServer(timeListener((request, response) => {
  nameRequest(request, "/named/:id");
  response.end("answer");
}));
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
console.log([...await ownServers(), (server.address() as AddressInfo).port].join(" "));
