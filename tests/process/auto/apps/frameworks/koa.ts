/** An application of Koa. It prints its port. */

import { Router } from "@koa/router";
import Koa from "koa";
import type { AddressInfo } from "node:net";

let waiting = 0;
const app = new Koa();
const router = new Router();
router.get("/text", (ctx) => void (ctx.body = "text"));
router.get("/later", async (ctx) => {
  await new Promise((resolve) => setTimeout(resolve, 5));
  ctx.body = "later";
});
router.post("/echo", (ctx) => void (ctx.body = ctx.req));
router.get("/orders/:id", (ctx) => void (ctx.body = { id: ctx.params.id }));
router.get("/users/:name", (ctx) => void (ctx.body = ctx.params.name));
router.get("/bad", (ctx) => void (ctx.status = 400));
router.get("/failed", (ctx) => void (ctx.status = 503));
router.get("/waits", async (ctx) => {
  console.log(`waiting ${++waiting}`);
  await new Promise((resolve) => ctx.res.once("close", resolve));
  console.log("gone");
});
app.use(router.routes());
const server = app.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
