/** An application of h3. It prints its port. */

import { H3, HTTPError } from "h3";
import { serveHere, untilLeft } from "./fetch_server.ts";

const app = new H3({ silent: true });
app.get("/text", () => "text");
app.post("/echo", ({ req }) => req.text());
app.get("/orders/:id", ({ context }) => ({ id: context.params?.["id"] }));
app.get("/bad", () => {
  throw new HTTPError({ status: 400, message: "bad" });
});
app.get("/failed", () => {
  throw new HTTPError({ status: 503, message: "failed" });
});
app.get("/waits", ({ req }) => untilLeft(req.signal));
serveHere((request) => app.fetch(request));
