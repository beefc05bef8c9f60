import { timeListener } from "@kymo/kymo/http";
import fastify from "fastify";
import { createServer } from "node:http";
import { sendAndHang, sendEventsEndlessly, sendThreeEvents, untilClosed } from "./handlers.ts";

const app = fastify({ serverFactory: (handler) => createServer(timeListener(handler)) });

app.get("/orders/:id", (request) => Promise.resolve((request.params as { id: string }).id));
app.post("/orders", (_, reply) => reply.code(201).send("made"));
app.get("/broken/:id", () => {
  throw new Error("broken on purpose");
});
app.get("/missing/:id", (_, reply) => reply.code(404).send("no such thing"));
app.get("/events/:id", (_, reply) => {
  reply.hijack();
  sendThreeEvents(reply.raw);
});
app.get("/feed/:id", (_, reply) => {
  reply.hijack();
  sendEventsEndlessly(reply.raw);
});
app.get("/download/:id", (_, reply) => {
  reply.hijack();
  sendAndHang(reply.raw);
});
app.get("/late/:id", async (_, reply) => {
  await untilClosed(reply.raw);
  return "too late";
});
app.get("/teams/:team/members/:member", (request) => Promise.resolve((request.params as { member: string }).member));
app.register((shop) => {
  shop.get("/items/:id", (request) => Promise.resolve((request.params as { id: string }).id));
  shop.get("/broken/:id", () => Promise.reject(new Error("broken on purpose")));
  return Promise.resolve();
}, { prefix: "/shop" });
await app.listen({ port: 0 });

export default app.server;
