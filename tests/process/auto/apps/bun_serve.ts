/**
 * An application on `Bun.serve`, once with routes and once after a reload, which gives it its
 * handlers. It prints its ports.
 */

import { answer, failure } from "./fetch_handler.ts";

interface Server {
  readonly port: number;
  reload(options: object): void;
}

// @ts-ignore: the types of Deno know no such module
const { serve } = await import("bun") as { serve(options: object): Server };
const options = { hostname: "127.0.0.1", port: 0, development: false, error: failure };
const routes = {
  "/orders/:id": ({ params: { id } }: { params: { id: string } }) => Response.json({ id }),
  "/users/:name": ({ params: { name } }: { params: { name: string } }) => new Response(name),
  "/text": { GET: () => new Response("text") },
};
const routed = serve({ ...options, routes, fetch: answer });
const reloaded = serve({ ...options, fetch: () => new Response("before the reload") });
reloaded.reload({ ...options, routes, fetch: answer });
console.log(`${routed.port} ${reloaded.port}`);
