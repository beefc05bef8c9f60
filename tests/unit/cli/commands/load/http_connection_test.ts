import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { HttpConnection } from "../../../../../src/cli/commands/load/http_connection.ts";
import { Targets } from "../../../../../src/cli/commands/load/targets.ts";
import type { ConnectionListener, Network } from "../../../../../src/cli/context.ts";

/** A network whose connections do what the test says. */
class ScriptedNetwork implements Network {
  readonly opened: { readonly listener: ConnectionListener; written: number; isDestroyed: boolean }[] = [];

  connect(_address: unknown, listener: ConnectionListener) {
    const connection = { listener, written: 0, isDestroyed: false };
    this.opened.push(connection);
    return { write: () => void connection.written++, destroy: () => void (connection.isDestroyed = true) };
  }

  nextTurn(): void {}

  /** The latest connection. */
  get last() {
    return this.opened.at(-1)!;
  }

  /** Has it receive a text. */
  receive(text: string): void {
    this.last.listener.data(Buffer.from(text));
  }
}

const targets = new Targets({ headers: [], verify: true, agent: "kymo/1" });
const GET = targets.add({ url: "a" });
const HEAD = targets.add({ method: "HEAD", url: "a" });

/** A connection over which `target` was sent, and how that has ended. */
function sent(target = GET) {
  const network = new ScriptedNetwork();
  const connection = new HttpConnection(network);
  const ends: [status: number, failure: string | undefined][] = [];
  const send = (): void => connection.send(target, (...end) => ends.push(end));
  send();
  return { network, connection, ends, send };
}

const EMPTY = "HTTP/1.1 204 No Content\r\n\r\n";

describe("HttpConnection", () => {
  const whole: Readonly<Record<string, readonly [text: string, status: number]>> = {
    "with a length": ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200],
    "in chunks, with trailers": [
      "HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nt: u\r\n\r\n",
      500,
    ],
    "without a body": ["HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n", 304],
    "after interim ones": ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\na: b\r\n\r\n" + EMPTY, 204],
  };
  for (const [name, [text, status]] of Object.entries(whole)) {
    it(`takes an answer ${name}, wherever it is cut, and keeps the connection`, () => {
      for (let cut = 1; cut < text.length; cut++) {
        const { network, ends, send } = sent();
        network.receive(text.slice(0, cut));
        assertEquals(ends, []);
        network.receive(text.slice(cut));
        assertEquals(ends, [[status, undefined]]);
        send();
        assertEquals([network.opened.length, network.last.written], [1, 2]);
        network.receive(text);
        assertEquals(ends.length, 2);
      }
    });
  }

  it("waits for no body after HEAD", () => {
    const { network, ends, send } = sent(HEAD);
    network.receive("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    send();
    network.receive("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    assertEquals([ends, network.opened.length], [[[200, undefined], [200, undefined]], 1]);
  });

  it("takes an answer that lasts until the connection ends", () => {
    const { network, ends } = sent();
    network.receive("HTTP/1.0 404 No\r\n\r\nabc");
    assertEquals(ends, []);
    network.last.listener.closed(undefined);
    assertEquals(ends, [[404, undefined]]);
  });

  it("opens another connection after one that the server wants to end, or for another protocol", () => {
    for (
      const text of [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        EMPTY + EMPTY, // more than was asked for
      ]
    ) {
      const { network, ends, send } = sent();
      network.receive(text);
      assertEquals([ends.length, ends[0]![1], network.last.isDestroyed], [1, undefined, true]);
      send();
      assertEquals(network.opened.length, 2);
      network.opened[0]!.listener.closed("ECONNRESET"); // which is no longer this request's
      assertEquals(ends.length, 1);
    }
  });

  it("opens another connection after the server has ended one that was idle, or spoke unasked", () => {
    for (
      const end of [(l: ConnectionListener) => l.closed(undefined), (l: ConnectionListener) => l.data(Buffer.from("x"))]
    ) {
      const { network, ends, send } = sent();
      network.receive(EMPTY);
      end(network.last.listener);
      send();
      network.receive(EMPTY);
      assertEquals([ends.length, network.opened.length], [2, 2]);
    }
  });

  const failed: Readonly<Record<string, readonly [string, (network: ScriptedNetwork) => void]>> = {
    "nobody listens": ["refused", ({ last }) => last.listener.closed("ECONNREFUSED")],
    "the name is unknown": ["host not found", ({ last }) => last.listener.closed("ENOTFOUND")],
    "the connection ends before the answer": ["reset", ({ last }) => last.listener.closed(undefined)],
    "the connection is reset": ["reset", ({ last }) => last.listener.closed("ECONNRESET")],
    "the body is cut": ["reset", (network) => {
      network.receive("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
      network.last.listener.closed(undefined);
    }],
    "the chunks are cut": ["reset", (network) => {
      network.receive("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc");
      network.last.listener.closed(undefined);
    }],
    "only interim answers come": ["reset", (network) => {
      network.receive("HTTP/1.1 100 Continue\r\n\r\n");
      network.last.listener.closed(undefined);
    }],
    "an endless answer is reset": ["reset", (network) => {
      network.receive("HTTP/1.1 200 OK\r\n\r\nabc");
      network.last.listener.closed("ECONNRESET");
    }],
    "it is no HTTP": ["invalid answer", (network) => network.receive("220 smtp.example\r\n")],
    "anything else goes wrong": ["EMFILE", ({ last }) => last.listener.closed("EMFILE")],
  };
  for (const [when, [failure, fail]] of Object.entries(failed)) {
    it(`has failed if ${when}, and is opened anew`, () => {
      const { network, ends, send } = sent();
      fail(network);
      assertEquals(ends, [[0, failure]]);
      send();
      network.receive(EMPTY);
      assertEquals([ends.length, network.opened.length], [2, 2]);
    });
  }

  it("ends a request that is given up, once", () => {
    const { network, connection, ends } = sent();
    connection.giveUp("timed out");
    const [first] = network.opened;
    first!.listener.data(Buffer.from(EMPTY));
    first!.listener.closed(undefined);
    connection.giveUp("again");
    assertEquals([ends, first!.isDestroyed], [[[0, "timed out"]], true]);
  });
});
