import { timeListener } from "@kymo/kymo/http";
import express from "express";
import { createServer } from "node:http";
import { addRoutes } from "./express_routes.ts";

const app = express();
addRoutes(app);

const server = createServer(timeListener(app, { route: ({ route, baseUrl = "" }) => route && baseUrl + route.path }));
server.listen(0);

export default server;
