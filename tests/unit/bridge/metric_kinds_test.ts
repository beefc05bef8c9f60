import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { placeOfDurations } from "../../../src/bridge/metric_kinds.ts";

describe("the place of outgoing requests", () => {
  const places: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "api.example.com [GET]": { "server.address": "api.example.com" },
    "[::1]:3000 [GET]": { "server.address": "[::1]", "server.port": "3000" },
    "localhost:3000/orders/:id [GET]": {
      "server.address": "localhost",
      "server.port": "3000",
      "url.template": "/orders/:id",
    },
    "api.example.com/ [GET]": { "server.address": "api.example.com", "url.template": "/" },
    "a/b:80 [GET]": { "server.address": "a", "url.template": "/b:80" },
  };
  for (const [label, attributes] of Object.entries(places)) {
    it(`of ${label} has the host apart from port and path`, () => {
      const place = placeOfDurations("client", label);
      assertEquals(place.attributes, { ...attributes, "http.request.method": "GET", "outcome": "ok" });
    });
  }
});
