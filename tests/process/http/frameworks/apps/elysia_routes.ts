import type { Elysia } from "elysia";
import { endlessEvents, hangingBody, threeEvents, untilAborted } from "./handlers.ts";

/** Adds what is asked of an application under test. */
export function addRoutes(app: Elysia): void {
  app.onError(({ code, status }) => code === "NOT_FOUND" ? status(404, "no such path") : status(500, "failed"));
  app.get("/orders/:id", ({ params }) => params.id);
  app.post("/orders", ({ status }) => status(201, "made"));
  app.get("/broken/:id", () => {
    throw new Error("broken on purpose");
  });
  app.get("/missing/:id", ({ status }) => status(404, "no such thing"));
  app.get("/events/:id", () => new Response(threeEvents(), { headers: { "content-type": "text/event-stream" } }));
  app.get("/feed/:id", () => new Response(endlessEvents(), { headers: { "content-type": "text/event-stream" } }));
  app.get("/download/:id", () => new Response(hangingBody(), { headers: { "content-type": "text/plain" } }));
  app.get("/late/:id", async ({ request }) => {
    await untilAborted(request.signal);
    return "too late";
  });
  app.get("/teams/:team/members/:member", ({ params }) => params.member);
  app.group("/shop", (shop) =>
    shop
      .get("/items/:id", ({ params }) => params.id)
      .get("/broken/:id", () => Promise.reject(new Error("broken on purpose"))));
}
