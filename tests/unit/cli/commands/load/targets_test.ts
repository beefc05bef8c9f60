import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import {
  checkMethod,
  MAX_PLACES,
  parseHeader,
  parseTargets,
  type RequestOptions,
  Targets,
} from "../../../../../src/cli/commands/load/targets.ts";
import { KymoError } from "../../../../../src/errors.ts";

const OPTIONS: RequestOptions = { headers: [], verify: true, agent: "kymo/1" };

function targetsOf(options: Partial<RequestOptions> = {}): Targets {
  return new Targets({ ...OPTIONS, ...options });
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("targets of a load", () => {
  it("are requests of HTTP/1.1", () => {
    const target = targetsOf({ headers: [["X-A", "b"]] }).add({ url: "http://example.com:8080/a%20b?c=d#e" });
    assertEquals(
      text(target.bytes),
      "GET /a%20b?c=d HTTP/1.1\r\nhost: example.com:8080\r\nuser-agent: kymo/1\r\naccept: */*\r\nX-A: b\r\n\r\n",
    );
    assertEquals(target.address, { host: "example.com", port: 8080 });
  });

  it("have the headers of the user in place of their own", () => {
    const headers = [["Host", "other"], ["Accept", "a"], ["Accept", "b"], ["Connection", "Close"]] as const;
    const target = targetsOf({ headers }).add({ url: "http://u%20s:p@example.com/" });
    assertEquals(
      text(target.bytes),
      "GET / HTTP/1.1\r\nuser-agent: kymo/1\r\nauthorization: Basic dSBzOnA=\r\nHost: other\r\nAccept: a\r\n" +
        "Accept: b\r\nConnection: Close\r\n\r\n",
    );
    assertEquals(target.closes, true);
  });

  it("have a body with its length, and POST, unless told otherwise", () => {
    const end = (options: Partial<RequestOptions>, method?: string): string =>
      text(targetsOf(options).add({ url: "a", method }).bytes).replace(/host.*\*\/\*\r\n/s, "");
    const body = bytes("ä\n");
    assertEquals(end({ body }), "POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nä\n");
    assertEquals(end({ body }, "GET"), "GET / HTTP/1.1\r\n\r\n");
    assertEquals(end({ body, method: "GET" }), "GET / HTTP/1.1\r\ncontent-length: 3\r\n\r\nä\n");
    assertEquals(end({ method: "PUT" }), "PUT / HTTP/1.1\r\ncontent-length: 0\r\n\r\n");
  });

  it("lead to the port of the scheme, and to addresses of IPv6", () => {
    const address = (url: string) => targetsOf({ verify: false }).add({ url }).address;
    assertEquals(address("localhost"), { host: "localhost", port: 80 });
    assertEquals(address("localhost:3000/x"), { host: "localhost", port: 3000 });
    assertEquals(address("https://[::1]/"), { host: "::1", port: 443, tls: { verify: false } });
  });

  it("are labelled by host, folded path, method and outcome, without a password", () => {
    const label = (url: string, method?: string): string => targetsOf().add({ url, method }).labelOf("5xx");
    assertEquals(label("http://user:secret@a.example:80/orders/17?token=x"), "a.example/orders/:id [GET] 5xx");
    assertEquals(label("https://a.example:8443/x", "BREW"), "a.example:8443/x [OTHER] 5xx");
    assertEquals(targetsOf().add({ url: "a/b" }).labelOf("ok"), "a/b [GET]");
  });

  it("are other from a number of places on", () => {
    const targets = targetsOf();
    const labels = Array.from(
      { length: MAX_PLACES + 2 },
      (_, i) => targets.add({ url: `a/${String.fromCodePoint(0x4e00 + i)}` }).labelOf("ok"),
    );
    assertEquals(new Set(labels).size, MAX_PLACES + 1);
    assertEquals(labels.slice(-2), ["other [GET]", "other [GET]"]);
  });

  it("are read from lines, with or without a method", () => {
    const file = bytes("# all\r\na/b\r\n\r\n  POST   http://c/d \nQUERY e");
    assertEquals(parseTargets("f", file), [
      { url: "a/b" },
      { method: "POST", url: "http://c/d" },
      { method: "QUERY", url: "e" },
    ]);
  });

  const wrong: Record<string, () => unknown> = {
    '"ftp://a/": only URLs of http: and https: can be loaded': () => targetsOf().add({ url: "ftp://a/" }),
    '"http://": it is not a URL': () => targetsOf().add({ url: "http://" }),
    '"": it is not a URL': () => targetsOf().add({ url: "" }),
    '"a:0": there is no port 0': () => targetsOf().add({ url: "a:0" }),
    '"G T": it is not a method': () => checkMethod("G T"),
    '"connect": it makes a tunnel, and no request': () => checkMethod("connect"),
    '"a": a header must be Name: value': () => parseHeader("a"),
    '"a b: c": a header must be Name: value': () => parseHeader("a b: c"),
    '"Content-Length: 1": this header cannot be set': () => parseHeader("Content-Length: 1"),
    '"f": there is no URL in it': () => parseTargets("f", bytes("\n#\n")),
  };
  for (const [message, make] of Object.entries(wrong)) {
    it(`refuse ${message}`, () => {
      const error = assertThrows(make, KymoError);
      assertEquals([error.code, error.message], ["invalid-argument", `Cannot load: ${message}`]);
    });
  }
});
