import { timeListener } from "@kymo/kymo/http";
import express from "express";
import { createServer } from "node:http";
import { addRoutes } from "./express_routes.ts";

const app = express();
addRoutes(app);

export default createServer(timeListener(app)).listen(0);
