import { Agent } from "node:http";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import type { MonitorStatus } from "../../../mod.ts";
import type { HttpOptions } from "../../../src/http/mod.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { type Address, type Answer, ask, open } from "../../support/process/http_client.ts";
import { countByLabel, readRows } from "../../support/process/recorded_rows.ts";
import {
  commandOf,
  DENO_FLAGS,
  onlyOn,
  type RuntimeName,
  spawnCommand,
  type Spawned,
  spawnOn,
} from "../../support/process/run.ts";

const RUNTIMES: readonly RuntimeName[] = ["deno", "bun"];

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

/** Calls `look` until it returns something. Throws after 20 s. */
async function waitFor<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await sleep(5);
  }
  throw new Error(`Cannot wait any longer: ${look}`);
}

/** The program `fixtures/http_service.ts` in its own process, which ends with the block. */
class Service implements AsyncDisposable {
  readonly address: Address;
  readonly #process: Spawned;
  readonly #lines: AsyncIterator<string>;

  private constructor(process: Spawned, lines: AsyncIterator<string>, address: Address) {
    this.#process = process;
    this.#lines = lines;
    this.address = address;
  }

  static async start(
    runtime: RuntimeName,
    directory: string,
    options: HttpOptions | "untimed" = {},
    socketPath?: string,
  ): Promise<Service> {
    const how = typeof options === "string" ? options : JSON.stringify(options);
    const args = [directory, how, ...socketPath === undefined ? [] : [socketPath]];
    const process = spawnOn(runtime, fixture("http_service.ts"), args);
    const lines = createInterface({ input: process.child.stdout })[Symbol.asyncIterator]();
    const { value, done } = await lines.next();
    if (done) throw new Error(`it did not serve: ${JSON.stringify(await process.ended)}`);
    return new Service(process, lines, socketPath ?? Number(value));
  }

  /** Waits until `count` samples are recorded. */
  async recorded(count: number): Promise<void> {
    let recorded = 0;
    await waitFor(async () => {
      recorded = Number(await this.#tell("recorded"));
      return recorded >= count ? true : undefined;
    }).catch((error) => {
      throw new Error(`${recorded} samples recorded, not ${count}`, { cause: error });
    });
    assertEquals(recorded, count);
  }

  /** Stops the service once `count` samples are recorded, and asserts that all are in files. */
  async stop(count: number, expected: Partial<MonitorStatus> = {}): Promise<MonitorStatus> {
    await this.recorded(count);
    const status: MonitorStatus = JSON.parse(await this.#tell("stop"));
    const { recorded, flushed, dropped, errors, invalidSamples } = status;
    assertEquals(
      { recorded, flushed, dropped, errors, invalidSamples },
      { recorded: count, flushed: count, dropped: 0, errors: 0, invalidSamples: 0, ...expected },
    );
    const { code, stderr } = await this.#process.ended;
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    return status;
  }

  /** Stops the recording while the server goes on, and ends. */
  async end(): Promise<void> {
    await this.#tell("end");
    await this.#process.ended;
  }

  /** Exits without stopping anything. */
  async exit(): Promise<void> {
    this.#process.child.stdin.write("exit\n");
    assertEquals((await this.#process.ended).code, 3);
  }

  async #tell(command: string): Promise<string> {
    this.#process.child.stdin.write(`${command}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`it ended: ${JSON.stringify(await this.#process.ended)}`);
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.child.kill("SIGKILL");
    await this.#process.ended;
  }
}

/** Requests everything that a service has. Returns the answers, and their number by label. */
async function askForAll(address: Address) {
  const requests: [label: string, path: string, body?: string][] = [
    ["/text [GET]", "/text"],
    ["/text [GET]", "/text?with=a&query=/x"],
    ["/text [POST]", "/text", "an unread body"],
    ["/text [HEAD]", "/text"],
    ["/text [PROPFIND]", "/text"],
    ["/later [GET]", "/later"],
    ["/empty [GET]", "/empty"],
    ["/unchanged [GET]", "/unchanged"],
    ["/moved [GET]", "/moved"],
    ["/large [GET]", "/large"],
    ["/echo [POST]", "/echo", "echo".repeat(10_000)],
    ["/echo [GET]", "/echo"],
    ["/throws [GET] threw", "/throws"],
    ["/rejects [GET] threw", "/rejects"],
    ["/error [GET] threw", "/error"],
    ["/bad [POST] 4xx", "/bad"],
    ["/failed [GET] 5xx", "/failed"],
    ["unmatched [GET] 4xx", "/missing/1"],
    ["unmatched [GET] 4xx", "/missing/2"],
    ["/named/:id [GET]", "/named/a"],
    ["/named/:id [GET]", "/named/b"],
    ["/items/:id [GET]", "/items/17"],
    ["/breaks [GET]", "/breaks"],
    ["/orders/:id [GET]", "/orders/1"],
    ["/orders/:id [GET]", "/orders/2?x"],
    ["/orders/:id [DELETE]", "/orders/1"],
    ["/users/* [PUT]", "/users/a/b"],
    ["/nothing/here [GET]", "/nothing/here"],
  ];
  const answers: Record<string, Answer> = {};
  const counts: Record<string, number> = {};
  for (const [label, path, body] of requests) {
    const method = /\[(.*)\]/.exec(label)![1]!;
    answers[`${method} ${path}`] = await ask(address, path, { method, ...body === undefined ? {} : { body } });
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return { answers, counts };
}

for (const runtime of RUNTIMES) {
  for (const until of ["body", "headers"] as const) {
    it(`timed server on ${runtime} sends each answer as without timing, and records it once, until the ${until}`, {
      skip: onlyOn(runtime),
    }, async () => {
      using scratch = scratchDirectory();
      await using bare = await Service.start(runtime, scratch.at("bare"), "untimed");
      await using timed = await Service.start(runtime, scratch.at("timed"), { until });
      const { answers: expected } = await askForAll(bare.address);
      const { answers, counts } = await askForAll(timed.address);
      const portless = (all: unknown): unknown =>
        JSON.parse(JSON.stringify(all).replaceAll(/127\.0\.0\.1:\d+/g, "host"));
      assertEquals(portless(answers), portless(expected));
      assertEquals(answers["GET /text"]?.text, "text");
      assertEquals(answers["GET /large"]?.bytes, 8_000_000);
      assertEquals(answers["POST /echo"]?.bytes, 40_000);
      assertEquals(answers["GET /throws"]?.status, 500);
      assert(answers["GET /breaks"]?.broken);
      await timed.stop(Object.keys(answers).length);
      assertEquals(countByLabel(scratch.at("timed"), "duration"), counts);
      await bare.stop(0);
    });
  }

  describe(`slow response body on ${runtime}`, () => {
    /**
     * Timepoint (ns) and measurement (s) of `/held`, and a time between its first and last bytes
     * (ns).
     */
    async function hold(until: "body" | "headers", socketName?: string) {
      using scratch = scratchDirectory();
      const socketPath = socketName === undefined ? undefined : scratch.at(socketName);
      await using service = await Service.start(runtime, scratch.path, { until }, socketPath);
      const held = open(service.address, "/held");
      await held.begun;
      await sleep(60);
      const between = BigInt(Date.now()) * 1_000_000n;
      await sleep(60);
      await ask(service.address, "/release");
      await held.ended;
      await service.stop(2);
      let taken = 0n;
      let measurement = 0;
      readRows(scratch.path, "duration", (label, _pid, seconds, nanoseconds, value) => {
        if (label !== "/held [GET]") return;
        taken = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
        measurement = value;
      });
      return { between, taken, measurement };
    }

    it("is timed to its end", { skip: onlyOn(runtime) }, async () => {
      const { between, taken, measurement } = await hold("body");
      assert(taken > between, `${taken} > ${between}`);
      assert(measurement > 0.1, `${measurement} s`);
    });

    it("is timed to its end on a Unix socket", { skip: onlyOn(runtime) }, async () => {
      const { between, taken, measurement } = await hold("body", "socket");
      assert(taken > between, `${taken} > ${between}`);
      assert(measurement > 0.1, `${measurement} s`);
    });

    it("is timed to the headers with until: headers", { skip: onlyOn(runtime) }, async () => {
      const { between, taken } = await hold("headers");
      assert(taken < between, `${taken} < ${between}`);
    });
  });

  describe(`request on ${runtime} whose client disconnects`, () => {
    it("in the middle of a body is recorded", { skip: onlyOn(runtime) }, async () => {
      using scratch = scratchDirectory();
      await using service = await Service.start(runtime, scratch.path);
      const clients = Array.from({ length: 5 }, () => open(service.address, "/endless"));
      await Promise.all(clients.map(({ begun }) => begun));
      await service.recorded(0);
      for (const { close } of clients) close();
      await service.stop(5);
      // Deno does not tell.
      const label = runtime === "bun" ? "/endless [GET] aborted" : "/endless [GET]";
      assertEquals(countByLabel(scratch.path, "duration"), { [label]: 5 });
    });

    it("before the answer is recorded", { skip: onlyOn(runtime) }, async () => {
      using scratch = scratchDirectory();
      await using service = await Service.start(runtime, scratch.path);
      const { close, ended } = open(service.address, "/waits");
      await ask(service.address, "/text"); // by then the server has the other request too
      await sleep(250); // Deno looks after clients only of requests that take long
      close();
      await ended;
      await ask(service.address, "/release");
      await service.stop(3);
      assertEquals(countByLabel(scratch.path, "duration"), {
        "/waits [GET] aborted": 1,
        "/text [GET]": 1,
        "/release [GET]": 1,
      });
    });
  });

  it(`stream of events on ${runtime} has a series of its own, whoever ends it`, { skip: onlyOn(runtime) }, async () => {
    using scratch = scratchDirectory();
    await using service = await Service.start(runtime, scratch.path);
    const [first, second] = [open(service.address, "/events"), open(service.address, "/events")];
    await Promise.all([first.begun, second.begun]);
    first.close();
    await service.recorded(1);
    await ask(service.address, "/release");
    await second.ended;
    await service.stop(3);
    assertEquals(countByLabel(scratch.path, "duration"), { "/events [GET] stream": 2, "/release [GET]": 1 });
  });

  for (const [end, when] of [["end", "the recording stops"], ["exit", "the program exits"]] as const) {
    it(`response on ${runtime} that is not over is recorded when ${when}`, { skip: onlyOn(runtime) }, async () => {
      using scratch = scratchDirectory();
      await using service = await Service.start(runtime, scratch.path);
      const clients = ["/held", "/events"].map((path) => open(service.address, path));
      await Promise.all(clients.map(({ begun }) => begun));
      await service[end]();
      assertEquals(countByLabel(scratch.path, "duration"), { "/held [GET]": 1, "/events [GET] stream": 1 });
      for (const { close } of clients) close();
    });
  }

  it(`text on a Unix socket on ${runtime} has the content type that it has without timing, and is recorded`, {
    skip: onlyOn(runtime),
  }, async () => {
    using scratch = scratchDirectory();
    await using bare = await Service.start(runtime, scratch.at("bare"), "untimed", scratch.at("bare.socket"));
    await using timed = await Service.start(runtime, scratch.at("timed"), {}, scratch.at("timed.socket"));
    const expected = await ask(bare.address, "/text");
    assertEquals(expected.headers["content-type"]?.toString().slice(0, 10), "text/plain");
    const { headers, text } = await ask(timed.address, "/text");
    assertEquals([headers["content-type"], text], [expected.headers["content-type"], "text"]);
    await timed.stop(1);
    assertEquals(countByLabel(scratch.at("timed"), "duration"), { "/text [GET]": 1 });
  });

  it(`upgrade to a websocket on ${runtime} is recorded, and the socket works`, { skip: onlyOn(runtime) }, async () => {
    using scratch = scratchDirectory();
    await using service = await Service.start(runtime, scratch.path);
    const socket = new WebSocket(`ws://127.0.0.1:${service.address}/socket`);
    const echo = new Promise<unknown>((resolve) => socket.onmessage = ({ data }) => resolve(data));
    await new Promise((resolve) => socket.onopen = resolve);
    await service.recorded(1); // while the socket is open
    socket.send("echo");
    assertEquals(await echo, "echo");
    const closed = new Promise((resolve) => socket.onclose = resolve);
    socket.close();
    await closed;
    await service.stop(1);
    assertEquals(countByLabel(scratch.path, "duration"), { "/socket [GET] stream": 1 });
  });

  it(`a client that tries 2,000 paths at random on ${runtime} does not take the labels of real ones`, {
    skip: onlyOn(runtime),
  }, async () => {
    using scratch = scratchDirectory();
    await using service = await Service.start(runtime, scratch.path);
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const letters = "abcdefghij";
    const scan = (kind: string) =>
      Promise.all(Array.from({ length: 1_000 }, (_, i) => {
        const name = String(i).replaceAll(/\d/g, (digit) => letters[Number(digit)]!);
        return ask(service.address, `/${kind}/${name}`, { agent });
      }));
    await scan("path");
    await scan("missing");
    for (let i = 0; i < 3; i++) await ask(service.address, "/text", { agent });
    await ask(service.address, "/named/a", { agent });
    agent.destroy();
    await service.stop(2_004, { errors: 1 });
    const { "other [GET]": others, "unmatched [GET] 4xx": unmatched, ...labels } = countByLabel(
      scratch.path,
      "duration",
    );
    assertEquals([labels["/named/:id [GET]"], labels["/text [GET]"], unmatched], [1, 2, 1_000]);
    assertEquals([Object.keys(labels).length, others], [502, 501]);
  });
}

it("static route on bun is served and not recorded", async () => {
  using scratch = scratchDirectory();
  await using service = await Service.start("bun", scratch.path);
  assertEquals((await ask(service.address, "/static")).text, "static");
  await ask(service.address, "/text");
  await service.stop(1);
  assertEquals(countByLabel(scratch.path, "duration"), { "/text [GET]": 1 });
});

describe("timed server as default export is recorded", () => {
  const file = fixture("http_export.ts");
  const commands: Record<string, readonly string[]> = {
    "deno serve": [commandOf("deno", "")[0]!, "serve", ...DENO_FLAGS, "--host=127.0.0.1", "--port=0", "-A", file],
    "bun run": commandOf("bun", file),
  };
  for (const [name, command] of Object.entries(commands)) {
    it(`by ${name}`, async () => {
      using scratch = scratchDirectory();
      const { child, ended } = spawnCommand(command, { env: { KYMO_TEST_DIRECTORY: scratch.path } });
      try {
        let said = "";
        for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => said += text);
        const port = Number(await waitFor(() => /https?:\/\/[\w.]+:(\d+)/.exec(said)?.[1]));
        assertEquals((await ask(port, "/first")).text, "asked 1");
        assertEquals((await ask(port, "/second?x")).text, "asked 2");
        // When this request arrives, the server knows that the others are sent; it learns that
        // later than their clients.
        assertEquals((await ask(port, "/third")).text, "asked 3");
        child.kill("SIGTERM");
        await ended;
        const { "/third [GET]": _, ...counts } = countByLabel(scratch.path, "duration");
        assertEquals(counts, { "/first [GET]": 1, "/second [GET]": 1 });
      } finally {
        child.kill("SIGKILL");
      }
    });
  }
});
