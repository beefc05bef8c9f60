/**
 * An application of Oak, as its package on npm. It takes a free port, since on Deno it tells the one that it was asked
 * for, and prints it. There it also says on standard error that it serves files only elsewhere.
 */

import { Application, Router } from "@oakserver/oak";
import { type AddressInfo, createServer } from "node:net";

let waiting = 0;
const router = new Router();
router.get("/text", (ctx) => void (ctx.response.body = "text"));
router.post("/echo", async (ctx) => void (ctx.response.body = await ctx.request.body.text()));
router.get("/orders/:id", (ctx) => void (ctx.response.body = { id: ctx.params.id }));
router.get("/bad", (ctx) => void (ctx.response.status = 400));
router.get("/failed", (ctx) => void (ctx.response.status = 503));
router.get("/waits", async (ctx) => {
  console.log(`waiting ${++waiting}`);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  console.log("gone");
  ctx.response.body = "too late";
});
const app = new Application({ logErrors: false });
app.use(router.routes());
const free = createServer().listen(0, "127.0.0.1", () => {
  const { port } = free.address() as AddressInfo;
  free.close(() => void app.listen({ port, hostname: "127.0.0.1" }));
});
app.addEventListener("listen", ({ port }) => console.log(port));
