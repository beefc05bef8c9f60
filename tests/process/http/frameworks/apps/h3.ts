import { h3Routes, timeServer } from "@kymo/kymo/http";
import { H3, HTTPError } from "h3";
import { endlessEvents, hangingBody, threeEvents, untilAborted } from "./handlers.ts";

const app = new H3({ silent: true });
app.use(h3Routes);

app.get("/orders/:id", ({ context }) => context.params?.["id"]);
app.post("/orders", ({ res }) => {
  res.status = 201;
  return "made";
});
app.get("/broken/:id", () => {
  throw new Error("broken on purpose");
});
app.get("/missing/:id", () => {
  throw new HTTPError({ status: 404, message: "no such thing" });
});
app.get("/events/:id", () => new Response(threeEvents(), { headers: { "content-type": "text/event-stream" } }));
app.get("/feed/:id", () => new Response(endlessEvents(), { headers: { "content-type": "text/event-stream" } }));
app.get("/download/:id", () => new Response(hangingBody(), { headers: { "content-type": "text/plain" } }));
app.get("/late/:id", async ({ req }) => {
  await untilAborted(req.signal);
  return "too late";
});
app.get("/teams/:team/members/:member", ({ context }) => context.params?.["member"]);
const items = new H3();
items.get("/items/:id", ({ context }) => context.params?.["id"]);
items.get("/broken/:id", () => Promise.reject(new Error("broken on purpose")));
app.mount("/shop", items);

export default timeServer(app);
