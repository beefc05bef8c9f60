import { nameRequest, timeServer } from "@kymo/kymo/http";
import { Elysia } from "elysia";
import { addRoutes } from "./elysia_routes.ts";

const app = new Elysia();
app.onTransform(({ request, route }) => nameRequest(request, route));

addRoutes(app);

export default timeServer(app);
