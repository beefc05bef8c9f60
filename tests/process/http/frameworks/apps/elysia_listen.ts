import { elysiaRoutes, type FetchHandler, timeHandler } from "@kymo/kymo/http";
import { Elysia } from "elysia";
import { addRoutes } from "./elysia_routes.ts";

const app = new Elysia();
const timed = timeHandler((request: Request, _server: unknown, fetch: FetchHandler) => fetch(request));
app.wrap((fetch) => (request: Request) => timed(request, app.server, fetch));
app.onTransform(elysiaRoutes);

addRoutes(app);

app.listen(0);

export default app.server;
