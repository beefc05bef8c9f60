import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
import { Monitor } from "../../../mod.ts";
import { timeListener } from "../../../src/http/mod.ts";
import { countByLabel, readRows } from "../../support/process/recorded_rows.ts";
import { spawnCommand } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { count, kymoCommand, listening, load, outcomeOf, startKymo } from "./load_command.ts";

describe("kymo load", () => {
  it("records a row for each request that the server saw, beside those of the server", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const monitor = new Monitor();
    monitor.start({ monitoringDir: directory });
    const seen: Record<string, number> = {};
    const bodies = new Set<string>();
    const server = createServer(timeListener((request, response) => {
      const { method = "", url = "", headers } = request;
      const status = url === "/fails" ? 503 : url.startsWith("/gone") ? 410 : url === "/moved" ? 302 : 200;
      const label = `${url.split("?")[0]} [${method}]${status === 503 ? " 5xx" : status === 410 ? " 4xx" : ""}`;
      count(seen, label.replace(/\d+(?= |$)/, (digits) => label.startsWith("/orders") ? ":id" : digits));
      let body = "";
      request.on("data", (bytes: Uint8Array) => body += new TextDecoder().decode(bytes));
      request.on("end", () => {
        bodies.add(`${method} ${headers["x-a"]} ${headers["content-length"]} ${body}`);
        response.writeHead(status, status === 302 ? { location: "/orders/1" } : {});
        response.end(method === "HEAD" ? undefined : "answer");
      });
    }, { recorder: monitor }));
    {
      await using served = await listening(server);
      const { host } = served;
      writeFileSync(
        scratch.at("targets"),
        `# comment\n\nPOST ${host}/orders?x=1\nhttp://${host}/orders/17\r\nHEAD http://${host}/orders/18\n`,
      );
      const targets = ["--targets", scratch.at("targets"), "-H", "X-A: b c", "-d", "text"];
      const urls = ["/orders/1", "/fails", "/gone", "/moved"].map((path) => host + path);
      const json = await load(directory, [...urls, ...targets, "-X", "GET", "-r", "2000", "-n", "700"]);
      assertEquals(json.requests, 700);
      assertEquals(json.outcomes, { ok: 500, "4xx": 100, "5xx": 100, aborted: 0, threw: 0 });
      assertEquals(json.failures, {});
      await monitor.stop();
      const rows = countByLabel(directory, "client");
      assertEquals(
        Object.fromEntries(Object.entries(rows).map(([label, rows]) => [label.slice(host.length), rows])),
        seen,
      );
      assertEquals(countByLabel(directory, "duration"), seen);
      assertEquals([...bodies].sort(), ["GET b c 4 text", "HEAD b c undefined ", "POST b c 4 text"]);
      const { stdout } = await startKymo(["summary", directory, "--json"]).ended;
      const { requests, outgoing, programs } = JSON.parse(stdout);
      assertEquals(requests.length, 6);
      assertEquals(
        outgoing.map(({ route, requests, failed }: Record<string, unknown>) => [route, requests, failed]).sort(),
        requests.map(({ route, requests, failed }: Record<string, unknown>) => [`${host}${route}`, requests, failed])
          .sort(),
      );
      assertEquals(programs.map(({ name }: { name: string }) => name).includes("load"), true);
    }
  });

  it("measures nothing of the warm-up, and sends as many as the rate says", async () => {
    using scratch = scratchDirectory();
    let requests = 0;
    await using served = await listening(createServer((_, response) => {
      requests++;
      response.end();
    }));
    const args = [served.host, "--rate", "1000", "--duration", "200ms", "--warm-up", "100ms"];
    const { warmUp, requests: measured, missed, rate } = await load(scratch.at("monitoring"), args);
    // A machine that hangs may leave some unsent, and then says so.
    assertEquals([warmUp, measured + missed, rate.asked], [100, 200, 1_000]);
    assertEquals(requests, warmUp + measured);
  });

  it("asks one thing at a time on as many connections as it may, and keeps them", async () => {
    using scratch = scratchDirectory();
    let [connections, current, most, requests] = [0, 0, 0, 0];
    const server = createServer((request, response) => {
      requests++;
      most = Math.max(most, ++current);
      response.on("close", () => current--);
      if (request.url === "/closes") response.setHeader("connection", "close");
      if (request.url === "/chunks") response.write("a");
      setTimeout(() => response.end("b"), 1);
    });
    server.on("connection", () => connections++);
    await using served = await listening(server);
    const json = await load(scratch.at("a"), [`${served.host}/chunks`, "-n", "600", "-c", "300"]);
    assertEquals([json.requests, json.answered, requests, connections], [600, 600, 600, 300]);
    assert(most <= 300, `${most} at a time`);
    const closing = await load(scratch.at("b"), [`${served.host}/closes`, "-n", "50", "-c", "5"]);
    assertEquals([closing.answered, connections], [50, 350]);
  });

  it("sends thousands of requests a second, and loses none", async () => {
    using scratch = scratchDirectory();
    let requests = 0;
    await using served = await listening(createServer((_, response) => {
      requests++;
      response.end("answer");
    }));
    const rated = await load(scratch.at("rate"), [served.host, "--rate", "5000", "-n", "2500", "-c", "50"]);
    const closed = await load(scratch.at("closed"), [served.host, "-n", "5000", "-c", "50"]);
    assertEquals([rated.answered, closed.answered, requests], [2_500, 5_000, 7_500]);
  });

  it("counts from the intended start, so that a stalled server hides nothing", async () => {
    using scratch = scratchDirectory();
    let [requests, held] = [0, 0];
    let stall = 1_000;
    let stalled: (() => void)[] | undefined;
    await using served = await listening(createServer((_, response) => {
      const answer = (): void => void response.end();
      if (++requests === 20) {
        stalled = [];
        setTimeout(() => {
          stalled!.forEach((answer) => answer());
          stalled = undefined;
        }, stall);
      }
      if (stalled === undefined) return answer();
      held++;
      stalled.push(answer);
    }));
    const slow = (directory: string): number => {
      let rows = 0;
      readRows(directory, "client", (_label, _pid, _seconds, _nanoseconds, value) => rows += value >= 0.5 ? 1 : 0);
      return rows;
    };
    // Of 200 requests a second, 100 were due in the first half of the second in which nothing was
    // answered: however late they were sent, they took at least the other half. The server was asked
    // only for the two that it held.
    await load(scratch.at("rate"), [served.host, "--rate", "200", "-n", "300", "-c", "2"]);
    assertEquals(held, 2);
    assert(slow(scratch.at("rate")) >= 99, `${slow(scratch.at("rate"))} slow rows`);
    // Without a rate nothing was due meanwhile.
    requests = held = 0;
    stall = 200;
    const closed = await load(scratch.at("closed"), [served.host, "-n", "300", "-c", "2"]);
    assertEquals([held, closed.requests, closed.missed], [2, 300, 0]);
  });

  it("says how many were due and never sent", async () => {
    using scratch = scratchDirectory();
    await using served = await listening(createServer((_, response) => void setTimeout(() => response.end(), 150)));
    const args = [served.host, "--rate", "200", "--duration", "250ms", "-c", "1"];
    const { requests, missed } = await load(scratch.at("monitoring"), args);
    assertEquals(requests + missed, 50);
    assert(requests <= 2, `${requests} requests`); // one at 0 ms, one after 150 ms, none after 300
  });

  it("ends with what it has on SIGINT, and gives up what is not answered then", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    let requests = 0;
    const enough = Promise.withResolvers<void>();
    await using served = await listening(createServer((_, response) => {
      if (++requests === 3) return; // never answered
      if (requests === 100) enough.resolve();
      response.end();
    }));
    const args = ["load", served.host, "--rate", "400", "--duration", "60s", "--timeout", "60s", "--json"];
    const spawned = startKymo(args, { KYMO_DIR: directory });
    await enough.promise;
    spawned.kill("SIGINT");
    const json = await outcomeOf(spawned, directory);
    assertEquals([json.interrupted, json.requests], [true, requests]);
    assertEquals(json.outcomes, { ok: requests - 1, "4xx": 0, "5xx": 0, aborted: 1, threw: 0 });
    assertEquals(json.failures, { interrupted: 1 });
  });

  it("prints a table of what it recorded", async () => {
    using scratch = scratchDirectory();
    await using served = await listening(createServer((request, response) => {
      response.statusCode = request.url === "/b" ? 404 : 200;
      response.end();
    }));
    const urls = [`${served.host}/a`, `${served.host}/b`];
    const { code, stdout, stderr } = await startKymo(
      ["load", ...urls, "-r", "1000", "-n", "20", "-c", "1", "--dir", scratch.path],
    ).ended;
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const [head, , title, ...rest] = stdout.split("\n");
    assertMatch(head!, /^20 requests in .* of 1,000\/s asked for, 1 connection$/);
    assertMatch(title!, /^label +count +mean +p50 +p90 +p99 +p99.9 +max$/);
    assertMatch(rest.join("\n"), /^\S+\/a \[GET\] +10 .*\n\S+\/b \[GET\] 4xx +10 .*\nall +20 .*\n\nSent late by: p50 /);
    assertMatch(stdout, /\n20 rows in ".*", channel client\.\n$/);
  });

  it("draws a bar in a terminal while it loads, and leaves the table", async () => {
    using scratch = scratchDirectory();
    await using served = await listening(createServer((_, response) => void response.end()));
    const command = kymoCommand(["load", served.host, "-r", "50", "-t", "1500ms", "--dir", scratch.path]);
    const line = `stty rows 40 cols 100; ${command.map((word) => `'${word}'`).join(" ")}`;
    const script = ["script", "--quiet", "--return", "--command", line, "/dev/null"];
    const { code, stdout } = await spawnCommand(script, { env: { NO_COLOR: "", TERM: "xterm" } }).ended;
    assertEquals(code, 0);
    assertMatch(stdout, /Loading \S+ \d+ requests, \d+(?:\.\d+)?\/s, (?:\d+ m?s left|0s left)/);
    assertMatch(stdout, /\d+ rows in ".*", channel client\.\r\n$/);
  });
});
