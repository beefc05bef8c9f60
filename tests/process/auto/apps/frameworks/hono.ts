/** An application of Hono. It prints its port. */

import { Hono } from "hono";
import { serveHere, untilLeft } from "./fetch_server.ts";

const app = new Hono();
app.get("/text", (c) => c.text("text"));
app.post("/echo", async (c) => c.text(await c.req.text()));
app.get("/orders/:id", (c) => c.json({ id: c.req.param("id") }));
app.get("/bad", (c) => c.text("bad", 400));
app.get("/failed", (c) => c.text("failed", 503));
app.get("/waits", async (c) => c.text(await untilLeft(c.req.raw.signal)));
serveHere((request) => app.fetch(request));
