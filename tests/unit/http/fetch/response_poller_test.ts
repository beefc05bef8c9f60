import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type PollableServer, ResponsePoller } from "../../../../src/http/fetch/response_poller.ts";
import { until } from "../../../support/wait.ts";

/** A server that returns a client address for the requests in `open`. */
class FakeServer implements PollableServer {
  readonly open = new Set<Request>();
  polls = 0;

  requestIP(request: Request): unknown {
    this.polls++;
    return this.open.has(request) ? { address: "127.0.0.1" } : null;
  }
}

function openRequest(server: FakeServer): Request {
  const request = new Request("http://localhost/");
  server.open.add(request);
  return request;
}

/** A pending response that counts the calls of `onSent`. */
function pendingResponse(server: PollableServer, request: Request) {
  let ends = 0;
  let slows = 0;
  return { server, request, onSent: () => ends++, onSlow: () => slows++, ends: () => ends, slows: () => slows };
}

describe("ResponsePoller", () => {
  it("reports a sent response once, at the next poll", () => {
    const server = new FakeServer();
    const poller = new ResponsePoller();
    const sent = pendingResponse(server, openRequest(server));
    poller.add(sent);
    server.open.clear();
    assertEquals(sent.ends(), 0);
    poller.poll();
    assertEquals(sent.ends(), 1);
    poller.poll();
    assertEquals([sent.ends(), sent.slows()], [1, 0]);
  });

  it("polls at the end of the turn by itself", async () => {
    const server = new FakeServer();
    const sent = pendingResponse(server, openRequest(server));
    new ResponsePoller().add(sent);
    server.open.clear();
    await until(() => sent.ends() > 0);
    assertEquals(sent.ends(), 1);
  });

  it("polls a slow response until it is sent", async () => {
    const server = new FakeServer();
    const poller = new ResponsePoller();
    const slow = pendingResponse(server, openRequest(server));
    poller.add(slow);
    poller.poll();
    await until(() => server.polls >= 5);
    assertEquals([slow.ends(), slow.slows()], [0, 1]);
    server.open.clear();
    await until(() => slow.ends() > 0);
    assertEquals([slow.ends(), slow.slows()], [1, 1]);
  });

  it("reports before a flush what is sent by then, and before the last one all others", async () => {
    const server = new FakeServer();
    const listeners = new Set<(isEnd: boolean) => void>();
    const recorder = {
      beforeFlush(listener: (isEnd: boolean) => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const poller = new ResponsePoller(recorder);
    const [first, second, third] = [1, 2, 3].map(() => pendingResponse(server, openRequest(server)));
    poller.add(first!);
    poller.add(second!);
    await until(() => second!.slows() > 0);
    poller.add(third!);
    const ends = () => [first!.ends(), second!.ends(), third!.ends()];
    server.open.delete(first!.request);
    for (const listener of listeners) listener(false);
    assertEquals(ends(), [1, 0, 0]);
    for (const listener of listeners) listener(true);
    assertEquals([ends(), listeners.size], [[1, 1, 1], 0]);
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve, 2));
    assertEquals(ends(), [1, 1, 1]);
  });

  it("reports a quick response while a slow one is pending", async () => {
    const server = new FakeServer();
    const poller = new ResponsePoller();
    const slow = pendingResponse(server, openRequest(server));
    const quick = pendingResponse(server, openRequest(server));
    poller.add(slow);
    poller.add(quick);
    server.open.delete(quick.request);
    poller.poll();
    assertEquals([slow.ends(), quick.ends()], [0, 1]);
    server.open.clear();
    await until(() => slow.ends() > 0);
  });

  it("takes a response as sent if the server throws", () => {
    const failing = {
      requestIP(): unknown {
        throw new Error("closed");
      },
    };
    const poller = new ResponsePoller();
    const lost = pendingResponse(failing, new Request("http://localhost/"));
    poller.add(lost);
    poller.poll();
    assertEquals(lost.ends(), 1);
  });
});

describe("ResponsePoller.canPoll", () => {
  it("accepts a server that returns the client of the current request", () => {
    const server = new FakeServer();
    assert(new ResponsePoller().canPoll(server, openRequest(server)));
  });

  it("polls a server once to find out", () => {
    const server = new FakeServer();
    const poller = new ResponsePoller();
    poller.canPoll(server, openRequest(server));
    assert(poller.canPoll(server, openRequest(server)));
    assertEquals(server.polls, 1);
  });

  it("rejects a server without client addresses, as on a Unix socket", () => {
    const server = new FakeServer();
    assert(!new ResponsePoller().canPoll(server, new Request("http://localhost/")));
  });

  for (const other of [undefined, null, 17, "server", {}, { requestIP: "127.0.0.1" }]) {
    it(`rejects what is not a server: ${JSON.stringify(other)}`, () => {
      assert(!new ResponsePoller().canPoll(other, new Request("http://localhost/")));
    });
  }
});
