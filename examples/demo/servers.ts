import { exists } from "@std/fs";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { aborted } from "./interruption.ts";
import type { RuntimeName } from "./options.ts";

/** First line of a server, when it listens. */
export interface ServerProcess {
  /** Runtime and version. */
  readonly runtime: string;
  /** Process id, as in the rows it writes. */
  readonly pid: number;
  /** Its URL. */
  readonly url: string;
}

/** Last line of a server, when it has stopped. */
export interface Stopped {
  /** Number of its observations. */
  readonly recorded: number;
  /** Whether it took a CPU profile, and why not. */
  readonly profiler: { readonly available: boolean; readonly reason?: string };
}

/**
 * Without this flag Deno makes the links in `node_modules` anew at each start, and Bun, which
 * starts at the same time, may find them missing.
 */
const DENO_FLAGS = ["--node-modules-dir=manual"];

/** Time limit for a server to stop, ms, before it is killed. */
const PATIENCE = 10_000;

const service = fileURLToPath(new URL("service.ts", import.meta.url));
const bun = fileURLToPath(new URL("../../node_modules/.bin/bun", import.meta.url));

/** A process that serves `service.ts` on one of the runtimes. */
export class Server {
  /** Resolves when it listens; never, if it exits before. */
  readonly ready: Promise<ServerProcess>;
  /** Aborted when the process has exited. */
  readonly gone: AbortSignal;
  readonly #runtime: RuntimeName;
  readonly #child: ChildProcessWithoutNullStreams;
  #stopping = false;
  #process: ServerProcess | undefined;
  #stopped: Stopped | undefined;
  #failure: string | undefined;
  #errors = "";

  private constructor(runtime: RuntimeName, command: string, args: readonly string[]) {
    this.#runtime = runtime;
    // In its own process group, so that Ctrl-C reaches only the demo, which then stops its
    // servers in good order.
    this.#child = spawn(command, args, { stdio: "pipe", detached: true });
    this.#child.stdin.on("error", () => {}); // it has exited already, which `gone` reports
    this.#child.stderr.setEncoding("utf8").on("data", (text) => this.#errors = (this.#errors + text).slice(-4000));
    this.gone = this.#untilGone();
    this.ready = this.#listen();
  }

  /** Starts the process. */
  static async start(runtime: RuntimeName, directory: string): Promise<Server> {
    if (runtime === "deno") {
      return new Server(runtime, process.execPath, ["run", "-A", ...DENO_FLAGS, service, directory]);
    }
    if (await exists(bun)) return new Server(runtime, bun, [service, directory]);
    throw new Error(
      `Bun is not installed; "deno install" does it, and "deno task demo --runtime deno" does without: ${bun}`,
    );
  }

  /** Its first line; `undefined` if it never listened. */
  get process(): ServerProcess | undefined {
    return this.#process;
  }

  /** Its last line; `undefined` if it did not stop in an orderly way. */
  get stopped(): Stopped | undefined {
    return this.#stopped;
  }

  /** Its failure, if any. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Stops the process, or kills it after a while. Resolves when it has exited. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), PATIENCE);
    await aborted(this.gone);
    clearTimeout(timer);
  }

  #listen(): Promise<ServerProcess> {
    return new Promise((resolve) => {
      createInterface(this.#child.stdout).on("line", (line) => {
        if (!line.startsWith("{")) return;
        const told: ServerProcess | Stopped = JSON.parse(line);
        if ("url" in told) resolve(this.#process = told);
        else this.#stopped = told;
      });
    });
  }

  #untilGone(): AbortSignal {
    const controller = new AbortController();
    const fail = (how: string) => this.#failure = `The ${this.#runtime} server ${how}.\n${this.#errors}`.trim();
    this.#child.on("error", (error) => {
      fail(`could not be started: ${error.message}`);
      controller.abort();
    });
    this.#child.on("close", (code, signal) => {
      const inOrder = this.#stopping && this.#stopped !== undefined && code === 0;
      if (!inOrder) fail(signal ? `was killed by ${signal}` : `ended with exit code ${code}`);
      controller.abort();
    });
    return controller.signal;
  }
}
