/**
 * Sends requests of all kinds with `fetch` and with `node:http`, and prints what came of each as
 * JSON. It knows nothing of Kymo.
 *
 * Arguments: the port of the upstream, and a port on which nobody listens.
 */

import { Buffer } from "node:buffer";
import { Agent, type ClientRequest, get, type IncomingMessage, request, type RequestOptions } from "node:http";
import { request as requestSecurely } from "node:https";
import process from "node:process";

const [port = "", closedPort = ""] = process.argv.slice(2);
const base = `http://127.0.0.1:${port}`;

const said: Record<string, unknown> = {};
const nameOf = (error: unknown): string => (error as Error).name;

/** Keeps what came of a request, or the error. */
async function say(name: string, ask: () => Promise<unknown>): Promise<void> {
  said[name] = await ask().catch((error: unknown) => `rejected: ${nameOf(error)}`);
}

async function described(response: Response): Promise<unknown> {
  const { status, ok, redirected, url, type, headers } = response;
  const [copy, text] = [response.clone(), await response.text()];
  const sameText = text === await copy.text();
  return { status, ok, redirected, url: url.replace(base, ""), type, own: headers.get("x-own"), text, sameText };
}

const events: string[] = [];
process.on("unhandledRejection", (error) => void events.push(`unhandled: ${nameOf(error)}`));

const upload = (texts: string[]) =>
  new ReadableStream({
    pull(controller) {
      const text = texts.shift();
      if (text === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(text));
    },
  });

await say("get", async () => described(await fetch(`${base}/text?x=1`)));
await say("url", async () => described(await fetch(new URL("/text", base))));
await say("request", async () => described(await fetch(new Request(`${base}/echo`, { method: "POST", body: "a" }))));
await say(
  "options win",
  async () =>
    described(await fetch(new Request(`${base}/echo`, { method: "POST", body: "a" }), { method: "PUT", body: "b" })),
);
await say("small letters", async () => described(await fetch(`${base}/echo`, { method: "post", body: "c" })));
await say("upload", async () => {
  const init = { method: "POST", body: upload(["one", "two"]), duplex: "half" };
  return described(await fetch(`${base}/echo`, init as RequestInit));
});
await say("missing", async () => described(await fetch(`${base}/missing`)));
await say("fails", async () => described(await fetch(`${base}/fails`)));
await say("redirect", async () => described(await fetch(`${base}/redirect`)));
await say("empty", async () => described(await fetch(`${base}/empty`, { method: "DELETE" })));
await say("head", async () => described(await fetch(`${base}/text`, { method: "HEAD" })));
await say("chunks", async () => {
  const chunks: number[] = [];
  for await (const chunk of (await fetch(`${base}/chunks`)).body!) chunks.push(chunk.length);
  return chunks.reduce((sum, length) => sum + length, 0);
});
await say("reader", async () => {
  const reader = (await fetch(`${base}/endless`)).body!.getReader();
  const { done, value } = await reader.read();
  await reader.cancel();
  return [done, new TextDecoder().decode(value).slice(0, 5)];
});
await say("abort", async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 30);
  return await fetch(`${base}/hangs`, { signal: controller.signal });
});
await say("time-out", () => fetch(`${base}/hangs`, { signal: AbortSignal.timeout(30) }));
await say("aborted before", () => fetch(`${base}/text`, { signal: AbortSignal.abort() }));
// Runtimes try again, without being asked.
await say("reset", () => fetch(`${base}/reset`, { headers: { "x-again": "1" } }));
await say("refused", () => fetch(`http://127.0.0.1:${closedPort}/`));
await say("wrong", () => fetch("http://:80"));
await say("nothing", () => (fetch as unknown as () => Promise<Response>)());
await say("data", async () => (await fetch("data:text/plain,inline")).text());
void fetch(`http://127.0.0.1:${closedPort}/nobody-cares`);
await say("many", async () => {
  const all = Array.from({ length: 50 }, async (_, i) => (await fetch(`${base}/items/${i}`)).text());
  return new Set(await Promise.all(all)).size;
});

/** Sends a request of Node's API, and resolves with what came of it. */
function ask(
  options: RequestOptions,
  { begin = (sent: ClientRequest): unknown => sent.end(), make = request } = {},
): Promise<unknown> {
  return new Promise((resolve) => {
    const sent = make({ host: "127.0.0.1", port, ...options }, (answer: IncomingMessage) => {
      const chunks: Uint8Array[] = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve([answer.statusCode, Buffer.concat(chunks).toString()]));
      answer.on("error", (error) => resolve(`broken: ${nameOf(error)}`));
    });
    sent.on("error", (error) => resolve(`failed: ${(error as { code?: string }).code ?? nameOf(error)}`));
    begin(sent);
  });
}

const agent = new Agent({ keepAlive: true, maxSockets: 2 });
said["node"] = [
  await ask({ path: "/text" }, { make: get, begin: () => {} }),
  await ask({ path: "/echo", method: "POST" }, {
    begin: (sent) => {
      sent.write("one");
      sent.end("two");
    },
  }),
  await ask({ path: "/echo", method: "PUT" }, {
    begin: (sent) => {
      sent.flushHeaders();
      setTimeout(() => sent.end("late"), 20);
    },
  }),
  await ask({ path: "/missing", headers: { host: "orders.example" } }),
  await ask({ path: "/fails" }),
  await ask({ path: "/reset", headers: { "x-again": "1" } }),
  await ask({ port: closedPort, path: "/" }),
  await ask({ path: "/hangs" }, {
    begin: (sent) => {
      sent.end();
      setTimeout(() => sent.destroy(), 30);
    },
  }),
  await ask({ path: "/hangs", signal: AbortSignal.timeout(30) }),
  await Promise.all(Array.from({ length: 20 }, (_, i) => ask({ path: `/items/${i}`, agent }))),
  await ask({ path: "/" }, { make: requestSecurely as typeof request }) !== undefined,
];
agent.destroy();

// Nobody listens to this answer, which must not hold up the program.
said["unread"] = await new Promise((resolve) => {
  request({ host: "127.0.0.1", port, path: "/text" }).on("close", () => resolve("closed")).end();
});

console.log(JSON.stringify({ said, events }));
