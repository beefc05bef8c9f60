/** An application of Express. It prints its port. */

import express from "express";
import type { AddressInfo } from "node:net";

let waiting = 0;
const app = express();
app.get("/text", (_, response) => void response.send("text"));
app.get("/later", (_, response) => void setTimeout(() => response.send("later"), 5));
app.post("/echo", (request, response) => void request.pipe(response));
app.get("/orders/:id", ({ params: { id } }, response) => void response.json({ id }));
app.get("/users/:name", ({ params: { name } }, response) => void response.send(name));
app.get("/bad", (_, response) => void response.status(400).send("bad"));
app.get("/failed", (_, response) => void response.status(503).send("failed"));
app.get("/waits", (_, response) => {
  console.log(`waiting ${++waiting}`);
  response.on("close", () => console.log("gone"));
});
app.use((_, response) => void response.status(404).send("unknown"));
const server = app.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
