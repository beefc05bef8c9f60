/** An application of Elysia that listens by itself, as it does on Bun. It prints its port. */

import { Elysia } from "elysia";

let waiting = 0;
const app = new Elysia();
app.get("/text", () => "text");
app.get("/later", async () => {
  await new Promise((resolve) => setTimeout(resolve, 5));
  return "later";
});
app.post("/echo", ({ request }) => request.text(), { parse: "none" });
app.get("/orders/:id", ({ params: { id } }) => ({ id }));
app.get("/users/:name", ({ params: { name } }) => name);
app.get("/bad", ({ status }) => status(400, "bad"));
app.get("/failed", ({ status }) => status(503, "failed"));
app.get("/waits", async ({ request }) => {
  console.log(`waiting ${++waiting}`);
  await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
  console.log("gone");
});
app.listen({ port: 0, hostname: "127.0.0.1" });
console.log(app.server!.port);
