import express, { type ErrorRequestHandler, type Express } from "express";
import { sendAndHang, sendEventsEndlessly, sendThreeEvents, untilClosed } from "./handlers.ts";

const fail: ErrorRequestHandler = (_error, _request, response, _next) => void response.status(500).send("failed");

/** Adds what is asked of an application under test. */
export function addRoutes(app: Express): void {
  app.get("/orders/:id", (request, response) => void response.send(request.params.id));
  app.post("/orders", (_, response) => void response.status(201).send("made"));
  app.get("/broken/:id", () => {
    throw new Error("broken on purpose");
  });
  app.get("/missing/:id", (_, response) => void response.sendStatus(404));
  app.get("/events/:id", (_, response) => sendThreeEvents(response));
  app.get("/feed/:id", (_, response) => sendEventsEndlessly(response));
  app.get("/download/:id", (_, response) => sendAndHang(response));
  app.get("/late/:id", (_, response) => untilClosed(response));
  const items = express.Router();
  items.get("/items/:id", (request, response) => void response.send(request.params.id));
  items.get("/broken/:id", () => Promise.reject(new Error("broken on purpose")));
  app.use("/shop", items);
  const members = express.Router();
  members.get("/members/:member", (request, response) => void response.send(request.params.member));
  app.use("/teams/:team", members);
  app.use(fail);
}
