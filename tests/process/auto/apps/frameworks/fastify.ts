/** An application of Fastify. It prints its port. */

import fastify from "fastify";

let waiting = 0;
const app = fastify();
app.get("/text", () => "text");
app.get("/later", () => new Promise((resolve) => setTimeout(() => resolve("later"), 5)));
app.addContentTypeParser("*", { parseAs: "string" }, (_, body, done) => done(null, body));
app.post("/echo", ({ body }) => body);
app.get<{ Params: { id: string } }>("/orders/:id", ({ params: { id } }) => ({ id }));
app.get<{ Params: { name: string } }>("/users/:name", ({ params: { name } }) => name);
app.get("/bad", (_, reply) => reply.status(400).send("bad"));
app.get("/failed", (_, reply) => reply.status(503).send("failed"));
app.get("/waits", (_, reply) => {
  console.log(`waiting ${++waiting}`);
  reply.raw.on("close", () => console.log("gone"));
  return new Promise(() => {});
});
app.setNotFoundHandler((_, reply) => reply.status(404).send("unknown"));
const address = await app.listen({ port: 0, host: "127.0.0.1" });
console.log(new URL(address).port);
