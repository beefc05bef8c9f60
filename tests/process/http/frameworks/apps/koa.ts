import { koaRoutes, timeListener } from "@kymo/kymo/http";
import { Router } from "@koa/router";
import Koa from "koa";
import { createServer } from "node:http";
import { sendAndHang, sendEventsEndlessly, sendThreeEvents, untilClosed } from "./handlers.ts";

const app = new Koa();
app.silent = true;
app.use(koaRoutes);
const router = new Router();
router.use((_, next) => next());

router.get("/orders/:id", (ctx) => void (ctx.body = ctx.params.id));
router.post("/orders", (ctx) => {
  ctx.status = 201;
  ctx.body = "made";
});
router.get("/broken/:id", () => {
  throw new Error("broken on purpose");
});
router.get("/missing/:id", (ctx) => ctx.throw(404, "no such thing"));
router.get("/events/:id", (ctx) => {
  ctx.respond = false;
  sendThreeEvents(ctx.res);
});
router.get("/feed/:id", (ctx) => {
  ctx.respond = false;
  sendEventsEndlessly(ctx.res);
});
router.get("/download/:id", (ctx) => {
  ctx.respond = false;
  sendAndHang(ctx.res);
});
router.get("/late/:id", (ctx) => untilClosed(ctx.res));
router.get("/teams/:team/members/:member", (ctx) => void (ctx.body = ctx.params.member));
const items = new Router();
items.get("/items/:id", (ctx) => void (ctx.body = ctx.params.id));
items.get("/broken/:id", () => Promise.reject(new Error("broken on purpose")));
router.use("/shop", items.routes());
app.use(router.routes());

export default createServer(timeListener(app.callback())).listen(0);
