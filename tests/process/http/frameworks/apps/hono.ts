import { honoRoutes, timeServer } from "@kymo/kymo/http";
import { Hono } from "hono";
import { endlessEvents, hangingBody, threeEvents, untilAborted } from "./handlers.ts";

const app = new Hono();
app.use(honoRoutes);
app.use("/shop/*", (_, next) => next());

app.onError((_, c) => c.text("failed", 500));
app.get("/orders/:id", (c) => c.text(c.req.param("id")));
app.post("/orders", (c) => c.text("made", 201));
app.get("/broken/:id", () => {
  throw new Error("broken on purpose");
});
app.get("/missing/:id", (c) => c.text("no such thing", 404));
app.get("/events/:id", (c) => c.body(threeEvents(), 200, { "content-type": "text/event-stream" }));
app.get("/feed/:id", (c) => c.body(endlessEvents(), 200, { "content-type": "text/event-stream" }));
app.get("/download/:id", (c) => c.body(hangingBody(), 200, { "content-type": "text/plain" }));
app.get("/late/:id", async (c) => {
  await untilAborted(c.req.raw.signal);
  return c.text("too late");
});
app.get("/teams/:team/members/:member", (c) => c.text(c.req.param("member")));
const items = new Hono();
items.get("/items/:id", (c) => c.text(c.req.param("id")));
items.get("/broken/:id", () => Promise.reject(new Error("broken on purpose")));
app.route("/shop", items);

export default timeServer(app);
