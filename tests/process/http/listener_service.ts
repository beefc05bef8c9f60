/**
 * A recorded service on a bare server of `node:http`, with answers of each kind. It prints its
 * ports, that of HTTP/1 and that of HTTP/2, and then answers each line of its input with a line:
 * `recorded` with the number of samples, `waiting` with that of requests that get no answer,
 * `uncaught` with that of errors that nobody handled, `errors` with their messages, `stop` with the
 * final status.
 *
 * Arguments: the directory; the options as JSON, or `untimed`.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createServer2 } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";
import * as monitor from "../../../mod.ts";
import { nameRequest, timeListener } from "../../../src/http/mod.ts";

const [monitoringDir = "", how = "{}"] = process.argv.slice(2);
const options = how === "untimed" ? undefined : JSON.parse(how);

const uncaught: string[] = [];
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (error: Error) => void uncaught.push(`${event}: ${error.message}`));
}

let waiting = 0;

const EVENTS = { "content-type": "text/event-stream" };

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

const answers: Record<string, Answer> = {
  "/text": (_, response) => response.end("text"),
  "/later": (_, response) => void setTimeout(() => response.end("later"), 20),
  "/empty": (_, response) => response.writeHead(204).end(),
  "/large": (_, response) => response.end(new Uint8Array(8_000_000)),
  "/echo": (request, response) => request.pipe(response),
  "/named": (request, response) => {
    nameRequest(request, "/names/:name");
    response.end();
  },
  "/gone": (request, response) => {
    nameRequest(request, "/gone");
    response.writeHead(410, "Long gone", { "x-reason": "test" }).end("gone");
  },
  "/fails": (_, response) => {
    response.statusCode = 503;
    response.end();
  },
  "/throws": () => {
    throw new Error("thrown on purpose");
  },
  "/rejects": () => Promise.reject(new Error("rejected on purpose")),
  "/resolves": (_, response) => Promise.resolve(response.end()),
  "/destroys": (_, response) => response.destroy(),
  "/breaks": (_, response) => {
    response.write("begin");
    setTimeout(() => response.destroy(), 20);
  },
  "/events-set": (_, response) => {
    response.setHeader("Content-Type", "text/event-stream; charset=utf-8");
    response.end("data: 1\n\n");
  },
  "/events-object": (_, response) => response.writeHead(200, EVENTS).end("data: 1\n\n"),
  "/events-message": (_, response) => response.writeHead(200, "Fine", EVENTS).end("data: 1\n\n"),
  "/events-list": (_, response) => response.writeHead(200, Object.entries(EVENTS).flat()).end("data: 1\n\n"),
  "/endless": (_, response) => {
    response.write("begin");
    const timer = setInterval(() => response.write("more"), 5);
    response.on("close", () => clearInterval(timer));
  },
  "/waits": () => void waiting++,
};

function answer(request: IncomingMessage, response: ServerResponse): unknown {
  const known = answers[request.url?.split("?")[0] ?? ""];
  return known === undefined ? response.writeHead(404).end("unknown") : known(request, response);
}

/** Accepts any upgrade, and closes the connection at the first byte. */
function upgrade(_: IncomingMessage, socket: Duplex): void {
  socket.on("error", () => {}); // a client may just leave
  socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nbegin");
  socket.once("data", () => socket.destroy());
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

monitor.start({ monitoringDir });
const server = createServer(options === undefined ? answer : timeListener(answer, options));
server.on("upgrade", options === undefined ? upgrade : timeListener(upgrade, options));
const server2 = createServer2(options === undefined ? answer as never : timeListener(answer, options) as never);
console.log(`${await listen(server)} ${await listen(server2)}`);
const told: Record<string, () => unknown> = {
  recorded: () => monitor.status().recorded,
  waiting: () => waiting,
  uncaught: () => uncaught.length,
  errors: () => JSON.stringify(uncaught),
};
for await (const command of createInterface({ input: process.stdin })) {
  if (command === "stop") break;
  console.log(told[command]?.());
}
await monitor.stop();
console.log(JSON.stringify(monitor.status()));
process.exit();
