/** An application of Hono that is the default export, as it is served on Bun. It prints where it listens. */

import { Hono } from "hono";
import { logger } from "hono/logger";
import { untilLeft } from "./fetch_server.ts";

const app = new Hono();
const users = new Hono();
users.get("/:name", (c) => c.text(c.req.param("name")));
app.use(logger(() => {}));
app.get("/text", (c) => c.text("text"));
app.get("/later", async (c) => {
  await new Promise((resolve) => setTimeout(resolve, 5));
  return c.text("later");
});
app.post("/echo", async (c) => c.text(await c.req.text()));
app.get("/orders/:id", (c) => c.json({ id: c.req.param("id") }));
app.route("/users", users);
app.get("/bad", (c) => c.text("bad", 400));
app.get("/failed", (c) => c.text("failed", 503));
app.get("/waits", async (c) => c.text(await untilLeft(c.req.raw.signal)));

export default Object.assign(app, { port: 0, hostname: "127.0.0.1" });
