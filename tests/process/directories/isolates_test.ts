import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { get } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { LAYOUTS } from "../../support/process/concurrent_isolates.ts";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { commandOf, DENO_FLAGS, spawnCommand } from "../../support/process/run.ts";

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

/** A service with several isolates. */
interface Service {
  readonly command: (port: number) => readonly string[];
  readonly processes: number;
  readonly isolates: number;
  /** Its exit on SIGTERM: Deno's own server stops in an orderly way. */
  readonly end: { readonly code: number | null; readonly signal: string | null };
}

const [deno = "deno"] = commandOf("deno", "");

const SERVICES: Record<string, Service> = {
  "deno serve --parallel": {
    command: (port) => {
      return [deno, "serve", ...DENO_FLAGS, "-A", "--parallel", `--port=${port}`, fixture("isolates_service.ts")];
    },
    processes: 1,
    isolates: 2,
    end: { code: 0, signal: null },
  },
  "three processes of Bun with reusePort": {
    command: () => commandOf("bun", fixture("isolates_service.ts"), []),
    processes: 3,
    isolates: 3,
    end: { code: null, signal: "SIGTERM" },
  },
};

for (const [name, service] of Object.entries(SERVICES)) {
  describe(`service with ${name} records every request`, () => {
    for (const layout of LAYOUTS) {
      it(`in layout ${layout}, until SIGTERM`, async () => {
        using scratch = scratchDirectory();
        const answered = await serve(service, layout, scratch.at("monitoring"));
        assertEquals(countByLabel(scratch.at("monitoring"), "duration"), answered);
      });
    }
  });
}

/**
 * Runs a service, sends it some hundred requests, and stops it. Returns the number of answers by
 * isolate.
 */
async function serve({ command, processes, isolates, end }: Service, layout: string, directory: string) {
  const port = await freePort();
  const env = {
    KYMO_TEST_DIRECTORY: directory,
    KYMO_TEST_LAYOUT: layout,
    KYMO_TEST_PORT: String(port),
    DENO_JOBS: String(isolates),
  };
  const running = Array.from({ length: processes }, () => spawnCommand(command(port), { env }));
  try {
    return await askEach(port, isolates);
  } finally {
    // Not `child.kill`, after which Deno always reports the signal as the cause of the exit.
    for (const { child } of running) process.kill(child.pid!, "SIGTERM");
    for (const { ended } of running) {
      const { code, signal } = await ended;
      assertEquals({ code, signal }, end);
    }
  }
}

/**
 * Sends requests until there are 300 answers, and at least one of each isolate. Returns their
 * number by isolate.
 */
async function askEach(port: number, isolates: number): Promise<Record<string, number>> {
  const answered: Record<string, number> = {};
  let answers = 0;
  const askRepeatedly = async (): Promise<void> => {
    for (let silence = 0; answers < 300 || Object.keys(answered).length < isolates;) {
      const isolate = await ask(port);
      if (isolate === undefined) {
        assert(silence++ < 1000, "no server listens");
        await sleep(10);
        continue;
      }
      answered[isolate] = (answered[isolate] ?? 0) + 1;
      assert(answers++ < 20_000, `only ${Object.keys(answered).length} of ${isolates} isolates answer`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, askRepeatedly));
  return answered;
}

/** The answer to a request on a new connection; `undefined` if the connection is refused. */
function ask(port: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const request = get({ host: "127.0.0.1", port, agent: false }, (response) => {
      let body = "";
      response.on("data", (chunk) => body += chunk);
      response.on("end", () => resolve(body));
    });
    request.on("error", (error: Error & { code?: string }) => {
      if (error.code === "ECONNREFUSED") resolve(undefined);
      else reject(error);
    });
  });
}

/** A free port. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
