import { oakRoutes, timeServer } from "@kymo/kymo/http";
import { Application, Router } from "@oakserver/oak";
import { endlessEvents, hangingBody, threeEvents, untilAborted } from "./handlers.ts";

/**
 * The package of Oak on npm is made for Node.js and answers with the `Response` of undici, which
 * `Deno.serve` does not take. That on JSR, which the guide is about, answers with the runtime's.
 */
function withNativeResponses(app: Application): { handle(request: Request): Promise<Response> } {
  return {
    async handle(request) {
      const response: unknown = await app.handle(request as never);
      if (response instanceof Response) return response;
      const { body, status, headers } = response as Response;
      return new Response(body, { status, headers: [...headers] });
    },
  };
}

const router = new Router();
router.use(oakRoutes);

router.get("/orders/:id", (ctx) => void (ctx.response.body = ctx.params.id));
router.post("/orders", (ctx) => {
  ctx.response.status = 201;
  ctx.response.body = "made";
});
router.get("/broken/:id", () => {
  throw new Error("broken on purpose");
});
router.get("/missing/:id", (ctx) => ctx.throw(404, "no such thing"));
router.get("/events/:id", (ctx) => {
  ctx.response.type = "text/event-stream";
  ctx.response.body = threeEvents();
});
router.get("/feed/:id", (ctx) => {
  ctx.response.type = "text/event-stream";
  ctx.response.body = endlessEvents();
});
router.get("/download/:id", (ctx) => {
  ctx.response.type = "text/plain";
  ctx.response.body = hangingBody();
});
router.get("/late/:id", async (ctx) => {
  await untilAborted(ctx.request.source!.signal);
  ctx.response.body = "too late";
});
router.get("/teams/:team/members/:member", (ctx) => void (ctx.response.body = ctx.params.member));
const items = new Router();
items.get("/items/:id", (ctx) => void (ctx.response.body = ctx.params.id));
items.get("/broken/:id", () => Promise.reject(new Error("broken on purpose")));
router.use("/shop", items.routes());
const app = withNativeResponses(new Application({ logErrors: false }).use(router.routes()));

export default timeServer({ fetch: (request: Request) => app.handle(request) });
