import { it } from "node:test";
import { assertEquals } from "@std/assert";
import { Elysia } from "elysia";
import { H3 } from "h3";
import { Hono } from "hono";
import { timeServer } from "../../../src/http/mod.ts";

it("applications of Hono, h3 and Elysia can be timed, as compilers see it too", () => {
  const timed = [timeServer(new Hono()), timeServer(new H3()), timeServer(new Elysia().get("/a", () => "a"))];
  assertEquals(timed.map(({ fetch }) => typeof fetch), ["function", "function", "function"]);
});
