import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { type AskedTime, PageServer } from "../../../../src/cli/commands/view/page_server.ts";
import { KymoError } from "../../../../src/errors.ts";

/** A server of pages that say what they are of. */
function server(make = (time: AskedTime | undefined) => Promise.resolve(`${time?.from ?? "all"} ${time?.to ?? ""}`)) {
  const errors: unknown[] = [];
  const pages = new PageServer(make, (error) => errors.push(error));
  pages.origin = "http://127.0.0.1:41000";
  const { pathname: path } = new URL(pages.url);
  const ask = (request: { host?: string | undefined; path?: string; query?: string } = {}) =>
    pages.answer({ host: "127.0.0.1:41000", path, query: "", ...request });
  return { pages, path, ask, errors };
}

describe("the pages of kymo view", () => {
  it("are at an address that nobody can guess, for a browser that names this machine", async () => {
    const { pages, path, ask } = server();
    assertMatch(pages.url, /^http:\/\/127\.0\.0\.1:41000\/[0-9a-f]{32}\/$/);
    assertNotEquals(pages.url, server().pages.url);
    assertEquals((await ask()).body, "all ");
    assertEquals((await ask({ host: "localhost:41000" })).status, 200);
    for (const host of ["evil.example:41000", "127.0.0.1", "127.0.0.1:41001", "", undefined]) {
      const { status, body } = await ask({ host });
      assertEquals([status, `${body}`.includes(path)], [403, false], `${host}`);
    }
    for (const wrong of ["/", path.slice(0, -1), `${path}x`, path.replace(/.\/$/, "g/")]) {
      assertEquals((await ask({ path: wrong })).status, 404, wrong);
    }
    const { headers } = await ask();
    assertEquals([headers["cache-control"], headers["cross-origin-resource-policy"], headers["x-frame-options"]], [
      "no-store",
      "same-origin",
      "DENY",
    ]);
  });

  it("are of the part of the time that is asked for", async () => {
    const { ask } = server();
    assertEquals((await ask({ query: "from=1&to=20" })).body, "1 20");
    for (
      const query of [
        "from=1",
        "to=2",
        "from=2&to=2",
        "from=-1&to=2",
        "from=x&to=2",
        `from=1&to=${"9".repeat(20)}`,
        "x",
      ]
    ) {
      assertEquals((await ask({ query })).status, 400, query);
    }
  });

  it("are made one at a time, and a failure ends no other", async () => {
    let [making, most] = [0, 0];
    const { ask, errors } = server(async (time) => {
      most = Math.max(most, ++making);
      await Promise.resolve();
      making--;
      if (time?.from === 1n) throw new KymoError("io", "Cannot view: it is gone");
      return "made";
    });
    const answers = await Promise.all([ask(), ask({ query: "from=1&to=2" }), ask()]);
    assertEquals(answers.map(({ status }) => status), [200, 500, 200]);
    assertEquals(answers[1]!.body, "Cannot view: it is gone\n");
    assertEquals([most, errors.length], [1, 1]);
    assert(errors[0] instanceof KymoError);
  });
});
