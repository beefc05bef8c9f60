import { nameRequest, timeListener } from "@kymo/kymo/http";
import express from "express";
import { createServer } from "node:http";
import { addRoutes } from "./express_routes.ts";

const app = express();
app.use((request, _, next) => {
  let route: { path: string };
  const set = (matched: typeof route) => nameRequest(request, request.baseUrl + (route = matched).path);
  Object.defineProperty(request, "route", { get: () => route, set });
  next();
});

addRoutes(app);

export default createServer(timeListener(app)).listen(0);
