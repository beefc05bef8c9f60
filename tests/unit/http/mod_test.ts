import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { KymoError } from "../../../src/errors.ts";
import { type FetchHandler, timeHandler, timeRoutes, timeServer } from "../../../src/http/mod.ts";
import { FakeDurationRecorder } from "../../support/fake/duration_recorder.ts";

const empty = (_: Request): Response => new Response(null);
const asked = new Request("http://localhost/orders");

describe("@kymo/kymo/http", () => {
  it("times handlers, routes and servers", () => {
    const recorder = new FakeDurationRecorder();
    timeHandler(empty, { recorder })(asked);
    timeRoutes({ "/orders/*": empty }, { recorder })["/orders/*"](asked);
    timeServer({ fetch: empty }, { recorder }).fetch(asked);
    assertEquals(recorder.ended, ["/orders [GET]", "/orders/* [GET]", "/orders [GET]"]);
  });

  it("calls the handler while the default monitor does not record", async () => {
    assertEquals(await timeHandler((_: Request) => new Response("text"))(asked).text(), "text");
  });

  const wrong: [call: () => unknown, message: string][] = [
    [() => timeHandler(17 as unknown as FetchHandler), "Cannot time the handler: not a function: 17"],
    [
      () => timeHandler(empty, { maxLabels: -3 }),
      "Cannot time the handler: maxLabels must be a whole number of at least 1: -3",
    ],
    [() => timeRoutes(empty as never), "Cannot time the routes: not an object: function empty"],
    [
      () => timeRoutes({}, { until: "end" as "body" }),
      'Cannot time the routes: until must be "body" or "headers": "end"',
    ],
    [() => timeServer(null as never), "Cannot time the server: not an object: null"],
    [
      () => timeServer({ port: 1 } as never),
      "Cannot time the server: it has no function `fetch` and no `routes`: an object",
    ],
  ];
  for (const [call, message] of wrong) {
    it(`throws: ${message}`, () => {
      const error = assertThrows(call, KymoError);
      assertEquals([error.code, error.message], ["invalid-argument", message]);
    });
  }
});

it("handlers of routes know the parameters of their pattern without types of a runtime", () => {
  const request = Object.assign(new Request("http://localhost/orders/17"), { params: { id: "17" } });
  const { "/orders/:id": handler } = timeRoutes({ "/orders/:id": (request) => new Response(request.params.id) });
  assertEquals(handler(request) instanceof Response, true);
  // @ts-expect-error: the pattern has no such parameter
  timeRoutes({ "/orders/:id": (request) => new Response(request.params.order) });
  const server = timeServer({
    port: 0,
    routes: { "/orders/:id": { GET: (request) => new Response(request.params.id) } },
  });
  assertEquals(server.port, 0);
});
