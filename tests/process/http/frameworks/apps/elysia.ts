import { elysiaRoutes, timeServer } from "@kymo/kymo/http";
import { Elysia } from "elysia";
import { addRoutes } from "./elysia_routes.ts";

const app = new Elysia();
app.onTransform(elysiaRoutes);

addRoutes(app);

export default timeServer(app);
