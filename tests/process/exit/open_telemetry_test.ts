import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { type Ended, onlyOn, spawnOn } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const PROGRAM = fileURLToPath(new URL("./fixtures/telemetry_program.ts", import.meta.url));

/** A collector on a free port. */
class Collector implements Disposable {
  /** The paths of the exports. */
  readonly exports: string[] = [];
  readonly #server: Server;

  private constructor(answers: boolean) {
    this.#server = createServer((request, response) => {
      this.exports.push(request.url ?? "");
      request.resume().on("end", () => answers && response.end());
    });
  }

  /** Starts a collector that `answers` exports, or lets them wait. */
  static async start(answers: boolean): Promise<Collector> {
    const collector = new Collector(answers);
    await new Promise<void>((resolve) => collector.#server.listen(0, "127.0.0.1", resolve));
    return collector;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  [Symbol.dispose](): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Runs the program on Deno. Returns its end, and how long it lived, ms. */
async function run(endpoint: string, way: string, directory = "", durability = "none"): Promise<[Ended, number]> {
  const env = { OTEL_DENO: "true", OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
  const start = performance.now();
  const { stderr, ...ended } = await spawnOn("deno", PROGRAM, [directory, durability, way], { env }).ended;
  return [{ ...ended, stderr: stderr.includes("on purpose") ? "on purpose" : stderr }, performance.now() - start];
}

const WAYS = [
  "naturally",
  "by process.exit",
  "by an uncaught error",
  "by a signal",
  "by an exit when it gets a signal",
];

describe("program on Deno with OTEL_DENO=true ends as without Kymo, exports as much, and loses no row", () => {
  let collector: Collector;
  before(async () => void (collector = await Collector.start(true)));
  after(() => collector[Symbol.dispose]());
  for (const way of WAYS) {
    it(`${way}, with a collector`, { skip: onlyOn("deno") }, async () => {
      const [plain] = await run(collector.endpoint, way);
      const exported = collector.exports.splice(0).sort();
      for (const durability of ["spool", "memory"]) {
        using scratch = scratchDirectory();
        const [ended] = await run(collector.endpoint, way, scratch.path, durability);
        assertEquals(ended, plain);
        assertEquals(collector.exports.splice(0).sort(), exported);
        assertEquals(countByLabel(scratch.path, "custom"), { early: 1 });
        assert(countByLabel(scratch.path, "runtime")["rss"]! > 0);
      }
    });
    it(`${way}, with no collector`, { skip: onlyOn("deno") }, async () => {
      using scratch = scratchDirectory();
      const nowhere = "http://127.0.0.1:9"; // nothing listens to the discard port
      const [[plain], [ended]] = await Promise.all([
        run(nowhere, way),
        run(nowhere, way, scratch.path, "memory"),
      ]);
      assertEquals(ended, plain);
      assertEquals(countByLabel(scratch.path, "custom"), { early: 1 });
    });
  }
  it("by a signal, with a collector that does not answer, at once", { skip: onlyOn("deno") }, async () => {
    using silent = await Collector.start(false);
    using scratch = scratchDirectory();
    const [ended, lived] = await run(silent.endpoint, "by a signal", scratch.path, "memory");
    assertEquals(ended.signal, "SIGTERM");
    assertEquals(countByLabel(scratch.path, "custom"), { early: 1 });
    assertEquals(silent.exports, []);
    console.log(`killed after ${lived.toFixed(0)} ms`);
  });
});
