import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type AskableServer, DeliveryWatch } from "../../../src/http/delivery_watch.ts";
import { until } from "./until.ts";

/** A server that knows the clients of the requests in `open`. */
class FakeServer implements AskableServer {
  readonly open = new Set<Request>();
  asked = 0;

  requestIP(request: Request): unknown {
    this.asked++;
    return this.open.has(request) ? { address: "127.0.0.1" } : null;
  }
}

function openRequest(server: FakeServer): Request {
  const request = new Request("http://localhost/");
  server.open.add(request);
  return request;
}

/** A delivery that counts how often it ended. */
function delivery(server: AskableServer, request: Request) {
  let ends = 0;
  return { server, request, ended: () => ends++, ends: () => ends };
}

describe("a delivery", () => {
  it("ends when the server is asked after it was sent", () => {
    const server = new FakeServer();
    const watch = new DeliveryWatch();
    const sent = delivery(server, openRequest(server));
    watch.add(sent);
    server.open.clear();
    assertEquals(sent.ends(), 0);
    watch.look();
    assertEquals(sent.ends(), 1);
    watch.look();
    assertEquals(sent.ends(), 1);
  });

  it("ends at the end of the turn if nobody asks before", async () => {
    const server = new FakeServer();
    const sent = delivery(server, openRequest(server));
    new DeliveryWatch().add(sent);
    server.open.clear();
    await until(() => sent.ends() > 0);
    assertEquals(sent.ends(), 1);
  });

  it("that takes longer ends when it is sent, not before", async () => {
    const server = new FakeServer();
    const watch = new DeliveryWatch();
    const slow = delivery(server, openRequest(server));
    watch.add(slow);
    watch.look();
    await until(() => server.asked >= 5);
    assertEquals(slow.ends(), 0);
    server.open.clear();
    await until(() => slow.ends() > 0);
    assertEquals(slow.ends(), 1);
  });

  it("does not wait for another", async () => {
    const server = new FakeServer();
    const watch = new DeliveryWatch();
    const slow = delivery(server, openRequest(server));
    const quick = delivery(server, openRequest(server));
    watch.add(slow);
    watch.add(quick);
    server.open.delete(quick.request);
    watch.look();
    assertEquals([slow.ends(), quick.ends()], [0, 1]);
    server.open.clear();
    await until(() => slow.ends() > 0);
  });

  it("ends if the server fails when it is asked", () => {
    const failing = {
      requestIP(): unknown {
        throw new Error("closed");
      },
    };
    const watch = new DeliveryWatch();
    const lost = delivery(failing, new Request("http://localhost/"));
    watch.add(lost);
    watch.look();
    assertEquals(lost.ends(), 1);
  });
});

describe("a server can be asked", () => {
  it("if it knows the client of the request that it is handling", () => {
    const server = new FakeServer();
    assert(new DeliveryWatch().canAsk(server, openRequest(server)));
  });

  it("which is found out once", () => {
    const server = new FakeServer();
    const watch = new DeliveryWatch();
    watch.canAsk(server, openRequest(server));
    assert(watch.canAsk(server, openRequest(server)));
    assertEquals(server.asked, 1);
  });

  it("not if it does not, as on a Unix socket", () => {
    const server = new FakeServer();
    assert(!new DeliveryWatch().canAsk(server, new Request("http://localhost/")));
  });

  for (const other of [undefined, null, 17, "server", {}, { requestIP: "127.0.0.1" }]) {
    it(`not if it is something else: ${JSON.stringify(other)}`, () => {
      assert(!new DeliveryWatch().canAsk(other, new Request("http://localhost/")));
    });
  }
});
