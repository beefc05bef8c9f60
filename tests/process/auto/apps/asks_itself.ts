/**
 * An application that asks its own servers, prints the answers, and ends as its argument says: well,
 * with a status, or by an error that nobody handles.
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";

const options = { port: 0, hostname: "127.0.0.1" };

interface FetchServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** The runtime's own server, as far as it has one. */
async function ownServer(answer: () => Response): Promise<FetchServer | undefined> {
  if ("Deno" in globalThis) {
    const server = Deno.serve({ ...options, onListen() {} }, answer);
    return { port: server.addr.port, stop: () => server.shutdown() };
  }
  if (!("Bun" in globalThis)) return undefined;
  // @ts-ignore: the types of Deno know no such module
  const { serve } = await import("bun") as { serve(options: object): FetchServer };
  return serve({ ...options, fetch: answer });
}

const ask = async (port: number) => console.log(await (await fetch(`http://127.0.0.1:${port}/text`)).text());

const own = await ownServer(() => new Response("own"));
if (own !== undefined) await ask(own.port);
const server = createServer((_, response) => void response.end("node"));
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
await ask((server.address() as AddressInfo).port);
await own?.stop();
server.closeAllConnections();
server.close();
const [end = ""] = process.argv.slice(2);
if (end === "error") throw new Error("thrown on purpose");
process.exitCode = Number(end);
