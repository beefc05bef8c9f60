import { Hono } from "hono";
import { EventEmitter } from "node:events";
import { describe, it } from "node:test";
import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  type HonoContext,
  honoRoutes,
  koaRoutes,
  nameRequest,
  oakRoutes,
  timeHandler,
  timeListener,
  timeRoutes,
  timeServer,
} from "../../../src/http/mod.ts";
import { FakeDurationRecorder } from "../../support/fake/duration_recorder.ts";

/** A request of `node:http` as a router of Express leaves it. */
interface RouterRequest {
  readonly method: string;
  readonly url: string;
  baseUrl?: string;
  params?: object;
  route?: unknown;
}

/** Times a request of a class of its own that a router handles, and returns its label. */
function routed(route: (request: RouterRequest) => void, options = {}): string | undefined {
  class IncomingMessage implements RouterRequest {
    readonly method = "GET";
    readonly url = "/shop/17/items/1?by=date";
  }
  const recorder = new FakeDurationRecorder();
  const response = Object.assign(new EventEmitter(), {
    statusCode: 200,
    headersSent: true,
    writableEnded: true,
    getHeader: () => undefined,
    writeHead: () => undefined,
  });
  timeListener((request: RouterRequest, _: unknown) => route(request), { ...options, recorder })(
    new IncomingMessage(),
    response,
  );
  response.emit("finish");
  return recorder.ended[0];
}

/** What a router does when it has found a route. */
const find = (baseUrl: string, path: unknown) => (request: RouterRequest): void => {
  request.baseUrl = baseUrl;
  const route = { path };
  request.route = route;
  request.params = { item: "17" };
  request.route = route; // as it does when it calls it
};

describe("routes of Express", () => {
  const cases: [name: string, route: (request: RouterRequest) => void, label: string][] = [
    ["are those that its router sets", find("", "/shop/:shop/items/:item"), "/shop/:shop/items/:item [GET]"],
    ["begin with where their router is mounted", find("/shop", "/:shop"), "/shop/:shop [GET]"],
    ["end where it is mounted if they are its root", find("/shop", "/"), "/shop [GET]"],
    ["may be expressions", find("", /^\/shop/), "/^\\/shop/ [GET]"],
    ["may be lists", find("", ["/shop", /items/]), "/shop|/items/ [GET]"],
    ["are the path if they are none", find("", 17), "/shop/:id/items/:id [GET]"],
    [
      "are not those of others who set `route`",
      (request) => void (request.route = { path: "/x" }),
      "/shop/:id/items/:id [GET]",
    ],
  ];
  for (const [name, route, label] of cases) it(name, () => assertEquals(routed(route), label));

  it("have the names of parameters of their mount, and ids that have none folded", () => {
    const mounted = (baseUrl: string, params: object) => (request: RouterRequest): void => {
      request.params = params;
      find(baseUrl, "/items/:item")(request);
    };
    assertEquals(routed(mounted("/a%20b/a%20b", { shop: "a b" })), "/a%20b/:shop/items/:item [GET]");
    assertEquals(routed(mounted("/shop/17", { list: ["17"] })), "/shop/:id/items/:item [GET]");
    assertEquals(routed(mounted("/%ff/x", { shop: "x" })), "/%ff/:shop/items/:item [GET]");
  });

  it("stay when an error leaves the router, and are the last that was found", () => {
    const label = routed((request) => {
      find("/shop", "/*rest")(request);
      find("/shop", "/:shop")(request);
      request.baseUrl = "";
    });
    assertEquals(label, "/shop/:shop [GET]");
  });

  it("come after what the program says", () => {
    const found = find("", "/found");
    assertEquals(routed(found, { route: () => "/said" }), "/said [GET]");
    const named = routed((request) => {
      nameRequest(request, "/named");
      found(request);
    }, { route: () => "/said" });
    assertEquals(named, "/named [GET]");
  });

  it("are read as they were set, and nothing is added to requests without", () => {
    const route = { path: "/a" };
    const seen: unknown[] = [];
    routed((request) => {
      seen.push(request.route, Object.keys(request));
      request.route = 1;
      request.route = route;
      seen.push(request.route, Object.keys(request));
    });
    assertEquals(seen, [undefined, ["method", "url"], route, ["method", "url", "route"]]);
    assertStrictEquals(seen[2], route);
    const plain = { method: "GET", url: "/" };
    timeListener((_: object, __: object) => {}, { recorder: new FakeDurationRecorder() })(plain, new EventEmitter());
    assertEquals(["route" in {}, "route" in plain], [false, false]);
  });
});

const request = (): Request => new Request("http://localhost/orders/17");

/** A context of Hono of which the handler at `called` was called last. */
function honoContext(
  raw: Request,
  called: number,
  routes: [method: string, path: string, parameters: 1 | 2][],
): HonoContext {
  const handlers = { 1: (_: unknown) => {}, 2: (_: unknown, __: unknown) => {} };
  const matchedRoutes = routes.map(([method, path, parameters]) => ({ method, path, handler: handlers[parameters] }));
  return { req: { raw, routeIndex: called, matchedRoutes } };
}

/** The label of a request that is handled so. */
async function labelOf(handle: (request: Request) => unknown): Promise<string | undefined> {
  const recorder = new FakeDurationRecorder();
  const timed = timeHandler(async (request: Request) => {
    await handle(request);
    return new Response(null);
  }, { recorder });
  await timed(request());
  return recorder.ended[0];
}

describe("honoRoutes", () => {
  const next = (): Promise<void> => Promise.resolve();
  const cases: [name: string, called: number, routes: Parameters<typeof honoContext>[2], label: string][] = [
    ["tells the route that was called", 1, [["ALL", "/*", 2], ["GET", "/orders/:id", 1]], "/orders/:id [GET]"],
    ["tells none if only middlewares match", 1, [["ALL", "/*", 2], ["ALL", "/orders/*", 2]], "/orders/:id [GET]"],
    ["tells a route for all methods", 1, [["ALL", "/*", 2], ["ALL", "/orders/:any", 1]], "/orders/:any [GET]"],
    [
      "tells the route that was called, and not one that matches too",
      1,
      [["ALL", "/*", 2], ["GET", "/orders/:order", 1], ["GET", "/*", 1]],
      "/orders/:order [GET]",
    ],
    [
      "tells the route that another passed its request to",
      2,
      [["ALL", "/*", 2], ["GET", "/orders/:order", 2], ["GET", "/*", 1]],
      "/* [GET]",
    ],
    [
      "tells the route that would have been called if a middleware answers before",
      1,
      [["ALL", "/*", 2], ["ALL", "/orders/*", 2], ["GET", "/orders/:order", 1]],
      "/orders/:order [GET]",
    ],
  ];
  for (const [name, called, routes, label] of cases) {
    it(name, async () => {
      assertEquals(await labelOf((raw) => honoRoutes(honoContext(raw, called, routes), next)), label);
    });
  }

  it("comes after a name that the handler gives, and before the pattern of a table of routes", async () => {
    const found = (raw: Request) => honoRoutes(honoContext(raw, 0, [["GET", "/found", 1]]), next);
    assertEquals(
      await labelOf((raw) => {
        nameRequest(raw, "/named");
        return found(raw);
      }),
      "/named [GET]",
    );
    const recorder = new FakeDurationRecorder();
    const { "/*": handler } = timeRoutes({
      "/*": async (request) => {
        await found(request);
        return new Response(null);
      },
    }, { recorder });
    await handler(Object.assign(request(), { params: {} }));
    assertEquals(recorder.ended, ["/found [GET]"]);
  });

  it("passes on what the others do, and does not throw for another version's context", async () => {
    let calls = 0;
    await honoRoutes({ req: {} } as HonoContext, () => Promise.resolve(void calls++));
    assertEquals(calls, 1);
  });
});

describe("an application of Hono that timeServer is given", () => {
  /** The labels of requests for paths. */
  const labelsOf = async (app: Hono, ...paths: string[]): Promise<readonly string[]> => {
    const recorder = new FakeDurationRecorder();
    const { fetch } = timeServer(app, { recorder, until: "headers" });
    for (const path of paths) await fetch(new Request(`http://localhost${path}`));
    return recorder.ended;
  };

  it("tells its routes, those of mounted applications too, and no middleware", async () => {
    const shop = new Hono().get("/:item", (c) => c.text("item"));
    const app = new Hono().use((_, next) => next()).get("/users/:name", (c) => c.text("user")).route("/shop", shop);
    assertEquals(await labelsOf(app, "/users/ann", "/shop/hat", "/nothing"), [
      "/users/:name [GET]",
      "/shop/:item [GET]",
      "unmatched [GET] 4xx",
    ]);
  });

  it("has its own way to the path, and what it tells by itself comes first", async () => {
    const app = new Hono({ getPath: ({ url }) => url.replace(/^.*\/v1/, "") });
    app.get("/users/:name", (c) => c.text("user"));
    app.get("/named/:name", (c) => {
      nameRequest(c.req.raw, "/called");
      return c.text("named");
    });
    assertEquals(await labelsOf(app, "/v1/users/ann", "/v1/named/ann"), ["/users/:name [GET]", "/called [GET]"]);
  });
});

describe("koaRoutes and oakRoutes", () => {
  const layers = [
    { path: "/orders/(.*)", methods: [] },
    { path: /orders/, methods: ["POST"] },
    { path: "/orders/:order", methods: ["HEAD", "GET"] },
  ];

  it("tell the last layer that is for the method", async () => {
    const source = request();
    assertEquals(
      await labelOf((source) =>
        oakRoutes({ request: { source, method: "GET" }, matched: layers }, () => Promise.resolve())
      ),
      "/orders/:order [GET]",
    );
    await oakRoutes({ request: { source, method: "GET" } }, () => Promise.resolve());
  });

  it("tell it when the router has found it, which sees what it has set", async () => {
    const label = await labelOf(async (req) => {
      const context: Record<string, unknown> & { req: object; method: string } = { req, method: "POST" };
      await koaRoutes(context, () => {
        context["matched"] = layers;
        context["_matchedRoute"] = "/orders/(.*)";
        return Promise.resolve();
      });
      assertEquals(context["_matchedRoute"], "/orders/(.*)");
    });
    assertEquals(label, "/orders/ [GET]");
  });
});
