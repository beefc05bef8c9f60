import { connect as connect2 } from "node:http2";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import type { HttpOptions } from "../../../src/http/mod.ts";
import { type Answer, ask, open } from "../../support/process/http_client.ts";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { RecordedService } from "../../support/process/recorded_service.ts";
import { onlyOn, type RuntimeName, RUNTIMES } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const program = fileURLToPath(new URL("listener_service.ts", import.meta.url));

/** Longest wait for the answer to an upgrade, ms: older Buns never send it. */
const PATIENCE = 20_000;

/** Starts the service, and returns it with its ports of HTTP/1 and HTTP/2. */
async function start(runtime: RuntimeName, directory: string, options: Partial<HttpOptions> | "untimed" = {}) {
  const how = typeof options === "string" ? options : JSON.stringify(options);
  const service = await RecordedService.start(runtime, program, [directory, how]);
  const [port = NaN, port2 = NaN] = service.greeting.split(" ").map(Number);
  return { service, port, port2, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() };
}

/** Requests that are answered or broken off: label, path, method and body. */
const REQUESTS: readonly (readonly [label: string, path: string, method?: string, body?: string])[] = [
  ["/text [GET]", "/text"],
  ["/text [GET]", "/text?with=a&query=/x"],
  ["/text [HEAD]", "/text", "HEAD"],
  ["/later [GET]", "/later"],
  ["/empty [GET]", "/empty"],
  ["/large [GET]", "/large"],
  ["/echo [POST]", "/echo", "POST", "echo".repeat(10_000)],
  ["/resolves [GET]", "/resolves"],
  ["/names/:name [GET]", "/named?a"],
  ["/gone [GET] 4xx", "/gone"],
  ["/fails [GET] 5xx", "/fails"],
  ["unmatched [GET] 4xx", "/unknown/path"],
  ["unmatched [DELETE] 4xx", "/text/1", "DELETE"],
  ["/destroys [GET] aborted", "/destroys"],
  ["/breaks [GET] aborted", "/breaks"],
  ["/events-set [GET] stream", "/events-set"],
  ["/events-object [GET] stream", "/events-object"],
  ["/events-message [GET] stream", "/events-message"],
  ["/events-list [GET] stream", "/events-list"],
];

async function askForAll(port: number): Promise<Record<string, Answer>> {
  const answers: Record<string, Answer> = {};
  for (const [, path, method = "GET", body = ""] of REQUESTS) {
    answers[`${method} ${path}`] = await ask(port, path, { method, body });
  }
  return answers;
}

/** How many requests there are under each label. */
function expectedCounts(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [label] of REQUESTS) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

for (const runtime of RUNTIMES) {
  describe(`timed listener of node:http on ${runtime}`, () => {
    it(
      "sends each answer as without timing, and is recorded by route and outcome",
      { skip: onlyOn(runtime) },
      async () => {
        using scratch = scratchDirectory();
        await using bare = await start(runtime, scratch.at("bare"), "untimed");
        await using timed = await start(runtime, scratch.at("timed"));
        const answers = await askForAll(timed.port);
        assertEquals(answers, await askForAll(bare.port));
        assertEquals(answers["GET /large"]?.bytes, 8_000_000);
        assertEquals(answers["POST /echo"]?.bytes, 40_000);
        assert(answers["GET /breaks"]?.broken);
        await timed.service.stop(REQUESTS.length);
        assertEquals(countByLabel(scratch.at("timed"), "duration"), expectedCounts());
        await bare.service.stop(0);
      },
    );

    const uncaughtErrors = { "/throws": { deno: 0, bun: 1, node: 1 }, "/rejects": { deno: 1, bun: 1, node: 1 } };
    for (const [path, reports] of Object.entries(uncaughtErrors)) {
      it(`reports the error of ${path} as without timing, and records it`, { skip: onlyOn(runtime) }, async () => {
        using scratch = scratchDirectory();
        const uncaught: string[] = [];
        for (const options of ["untimed", {}] as const) {
          await using running = await start(runtime, scratch.at("recorded"), options);
          const { close, ended } = open(running.port, path);
          // Deno answers 400 and Bun nothing; both close. Node does neither.
          if (path === "/throws" && runtime !== "node") await ended;
          await running.service.counts("uncaught", reports[runtime]);
          uncaught.push(await running.service.tell("errors"));
          close();
          await running.service.stop(options === "untimed" ? 0 : 1);
        }
        assertEquals(uncaught[1], uncaught[0]);
        assertEquals(countByLabel(scratch.at("recorded"), "duration"), { [`${path} [GET] threw`]: 1 });
      });
    }

    it("records a client that leaves before the answer or in the middle of it", { skip: onlyOn(runtime) }, async () => {
      using scratch = scratchDirectory();
      await using running = await start(runtime, scratch.path);
      const clients = Array.from({ length: 5 }, () => open(running.port, "/endless"));
      await Promise.all(clients.map(({ begun }) => begun));
      const { close, ended } = open(running.port, "/waits");
      await running.service.counts("waiting", 1);
      await running.service.counts("recorded", 0);
      close();
      for (const client of clients) client.close();
      await ended;
      await running.service.stop(6);
      assertEquals(countByLabel(scratch.path, "duration"), { "/endless [GET] aborted": 5, "/waits [GET] aborted": 1 });
    });

    it("is timed until the headers are written with until: headers", { skip: onlyOn(runtime) }, async () => {
      using scratch = scratchDirectory();
      await using running = await start(runtime, scratch.path, { until: "headers" });
      const { begun, close, ended } = open(running.port, "/endless");
      await begun;
      await running.service.counts("recorded", 1); // while the body goes on
      close();
      await ended;
      await running.service.stop(1);
      assertEquals(countByLabel(scratch.path, "duration"), { "/endless [GET]": 1 });
    });

    it("of an upgrade is timed until the connection is closed", { skip: onlyOn(runtime) }, async () => {
      using scratch = scratchDirectory();
      await using running = await start(runtime, scratch.path);
      const socket = connect(running.port, "127.0.0.1");
      socket.write("GET /chat HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
      socket.setTimeout(PATIENCE, () => socket.destroy(new Error("the upgrade is not answered")));
      await new Promise<void>((resolve, reject) => {
        socket.on("data", (data) => data.includes("begin") && resolve()).on("error", reject);
      });
      await running.service.counts("recorded", 0);
      const closed = new Promise((resolve) => socket.on("close", resolve));
      socket.write("end");
      await closed;
      await running.service.stop(1);
      assertEquals(countByLabel(scratch.path, "duration"), { "/chat [GET] stream": 1 });
    });

    it("of HTTP/2 is recorded by route and outcome", { skip: onlyOn(runtime) }, async () => {
      using scratch = scratchDirectory();
      await using running = await start(runtime, scratch.path);
      const session = connect2(`http://127.0.0.1:${running.port2}`);
      const get = (path: string, leave: boolean): Promise<unknown> =>
        new Promise((resolve) => {
          const stream = session.request({ ":path": path });
          stream.on("data", () => leave && stream.close(8)); // CANCEL
          stream.on("error", () => {});
          stream.on("close", resolve);
          stream.end();
        });
      for (const path of ["/text", "/gone", "/events-object"]) await get(path, false);
      await get("/endless", true);
      await running.service.counts("recorded", 4);
      session.destroy();
      await running.service.stop(4);
      assertEquals(countByLabel(scratch.path, "duration"), {
        "/text [GET]": 1,
        "/gone [GET] 4xx": 1,
        "/events-object [GET] stream": 1,
        "/endless [GET] aborted": 1,
      });
    });
  });
}
