/**
 * What the command line has of its process: the standard streams, files, signals, keys and servers.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import process from "node:process";
import { clearTimeout, setTimeout } from "node:timers";
import { fileError, type KymoError, reason } from "../errors.ts";
import { temporaryPathBeside } from "../files/names.ts";
import { recover } from "../recording/recovery/recover.ts";
import { defaultRuntime } from "../default_runtime.ts";
import { isMissingFile, type Runtime } from "../runtime.ts";
import { VERSION } from "../version.ts";
import { exitCode, exitCodeOfError } from "./exit_codes.ts";
import type {
  CliContext,
  Connection,
  ConnectionListener,
  LineListener,
  ListenAddress,
  MetricsAnswer,
  Network,
  Output,
  PageAnswer,
  PageRequest,
  ServedPages,
  StreamAbilities,
  Streaming,
  TypedLines,
} from "./context.ts";
import { streamAbilities, type TerminalEnvironment } from "./terminal/stream_abilities.ts";
import { writeError } from "./terminal/style.ts";

/** ms within which a client must have asked, and must have taken the answer, before it is cut off. */
const SLOW_CLIENT = 3_000;
const SLOW_READER = 10_000;

/** Bytes that may wait for the reader of a stream before it is cut off. */
const MOST_WAITING = 64 * 2 ** 20;

/** ms for which a connection may be idle between two requests: a scraper comes at most once a minute. */
const IDLE = 90_000;

/** Headers of an answer in words. */
const TEXT = { "content-type": "text/plain; charset=utf-8" };

const environment: TerminalEnvironment = {
  get term() {
    return process.env["TERM"];
  },
  get noColor() {
    return process.env["NO_COLOR"];
  },
  isWindows: process.platform === "win32",
};
const stderr = output(process.stderr, () => {}); // there is nowhere left to report it
const stdout = output(process.stdout, (error) => {
  if (error.code === "EPIPE") return; // the reader has closed the pipe, as `head` does
  writeError(stderr, `Cannot write the output: ${inWords(error)}`);
  process.exitCode = exitCode.incomplete;
});

/** The context of this process, which has ended if its runtime is not supported. */
export function processContext(): CliContext {
  return {
    version: VERSION,
    stdout,
    stderr,
    now: () => performance.now(),
    look,
    recover,
    runtime: runtimeOrExit(),
    writeFile,
    readFile,
    serve,
    servePages,
    network,
    onInterrupt,
    onStop,
    readInput,
    ...process.stdin.isTTY ? { onKeys } : {},
    ...process.stdin.isTTY && process.stdout.isTTY ? { typeLines } : {},
  };
}

/** Wraps a standard stream. Deno throws some of its errors and emits others; Bun emits all. */
function output(stream: NodeJS.WriteStream, onError: (error: NodeJS.ErrnoException) => void): Output {
  stream.on("error", onError);
  const abilities = (): StreamAbilities => streamAbilities(stream, environment);
  let isGone = false;
  stream.on("error", () => isGone = true);
  return {
    get movesCursor() {
      return abilities().movesCursor;
    },
    get hasColors() {
      return abilities().hasColors;
    },
    get columns() {
      return abilities().columns;
    },
    get rows() {
      return abilities().rows;
    },
    get isGone() {
      return isGone;
    },
    write(text) {
      try {
        stream.write(text);
      } catch (error) {
        isGone = true;
        onError(error as NodeJS.ErrnoException);
      }
    },
  };
}

/** This runtime. On one that is not supported the program ends with that as its message. */
function runtimeOrExit(): Runtime {
  try {
    return defaultRuntime();
  } catch (error) {
    writeError(stderr, reason(error));
    process.exit(exitCodeOfError.unsupported);
  }
}

function look(path: string): ReturnType<CliContext["look"]> {
  try {
    return statSync(path).isDirectory() ? "directory" : "something else";
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (isMissingFile(code)) return "nothing";
    throw failure("Cannot read", path, error);
  }
}

function writeFile(path: string, text: string): void {
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile()) return writeFileSync(path, text);
    const target = there === undefined ? path : realpathSync(path);
    replaceFile(target, text, (there?.mode ?? 0o666) & 0o777);
  } catch (error) {
    throw failure("Cannot write the file", path, error);
  }
}

function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw failure("Cannot read the file", path, error);
  }
}

/** A failed operation on a file. */
function failure(action: string, path: string, error: unknown): KymoError {
  return fileError(action, path, error, { why: inWords(error) });
}

/**
 * The reason in a message of `node:fs`. Around it are the code, and the operation with its path,
 * which may be that of a temporary file.
 */
function inWords(error: unknown): string {
  return reason(error).replace(/^E[A-Z\d]+: /, "").replace(/, \w+(?: '.*)?$| \(os error \d+\).*$/s, "");
}

/** Writes a file beside the old one, and renames it. */
function replaceFile(path: string, text: string, mode: number): void {
  const temporary = temporaryPathBeside(path, process.pid);
  try {
    writeFileSync(temporary, text, { flag: "wx", mode });
    renameSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") rmSync(temporary, { force: true });
    throw error;
  }
}

/** Answers nothing but GET and HEAD of `/metrics`. */
async function serve(
  address: ListenAddress,
  answer: (accept: string | undefined) => MetricsAnswer,
): Promise<() => Promise<void>> {
  const { origin, close } = await listen(address, "Cannot serve metrics", ({ url = "", headers }, reply) => {
    if (url.split("?")[0] !== "/metrics") return reply(404, TEXT, "Only /metrics is here.\n");
    const { contentType, body } = answer(headers.accept);
    reply(200, { "content-type": contentType }, body);
  });
  stderr.write(`Metrics: ${origin}/metrics\n`);
  return close;
}

async function servePages(
  address: ListenAddress,
  answer: (request: PageRequest) => Promise<PageAnswer>,
): Promise<ServedPages> {
  return await listen(address, "Cannot serve the page", ({ url = "", headers }, reply) => {
    const [path = "", ...query] = url.split("?");
    void answer({ host: headers.host, path, query: query.join("?") })
      .then(({ status, headers, body }) => reply(status, headers, body));
  });
}

/** The part of a request that answers depend on. */
interface Asked {
  readonly url?: string | undefined;
  readonly headers: Pick<IncomingHttpHeaders, "host" | "accept">;
}

type Reply = (
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array<ArrayBuffer> | Streaming,
) => void;

/**
 * Listens, and has GET and HEAD answered. Who is slow to ask or to read is cut off, who sends a body is
 * refused, and beyond 64 connections none is taken.
 */
async function listen(
  { host, port }: ListenAddress,
  action: string,
  answer: (request: Asked, reply: Reply) => void,
): Promise<ServedPages> {
  const { createServer } = await import("node:http");
  const waiting = new WeakMap<object, NodeJS.Timeout>();
  /** A timer that does not keep the program alive. */
  const cutLater = (socket: { destroy(): unknown }, ms: number): NodeJS.Timeout =>
    setTimeout(() => void socket.destroy(), ms).unref();
  const server = createServer({ maxHeaderSize: 16 * 1024, keepAliveTimeout: IDLE }, (request, response) => {
    const { socket, method = "", headers } = request;
    clearTimeout(waiting.get(socket));
    let cut: NodeJS.Timeout | undefined;
    response.on("close", () => {
      clearTimeout(cut);
      if (!socket.destroyed) waiting.set(socket, cutLater(socket, IDLE));
    });
    const reply: Reply = (status, headers, body) => {
      if (typeof body === "function") {
        response.writeHead(status, { ...headers, "connection": "close" });
        if (method === "HEAD") return void response.end();
        const stop = body({
          write(text) {
            response.write(text);
            if (response.writableLength > MOST_WAITING) socket.destroy();
          },
        });
        return void response.on("close", stop);
      }
      cut = cutLater(socket, SLOW_READER);
      const connection = status >= 400 ? { "connection": "close" } : {};
      response.writeHead(status, { ...headers, ...connection, "content-length": Buffer.byteLength(body) });
      response.end(method === "HEAD" ? undefined : body);
    };
    const hasBody = Number(headers["content-length"] ?? 0) > 0 || headers["transfer-encoding"] !== undefined;
    if (method !== "GET" && method !== "HEAD") return reply(405, TEXT, "Only GET and HEAD are answered.\n");
    if (hasBody) return reply(413, TEXT, "A request has no body here.\n");
    answer(request, reply);
  });
  server.maxConnections = 64;
  server.on("connection", (socket) => {
    waiting.set(socket, cutLater(socket, SLOW_CLIENT));
    socket.on("error", () => {}).on("close", () => clearTimeout(waiting.get(socket)));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(failure(action, `${host}:${port}`, error)));
    server.listen(port, host, resolve);
  });
  const bound = server.address();
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    origin: `http://${name}:${bound !== null && typeof bound === "object" ? bound.port : port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function network(): Promise<Network> {
  const [net, tls, { setImmediate }] = await Promise.all([
    import("node:net"),
    import("node:tls"),
    import("node:timers"),
  ]);
  return {
    nextTurn: (task) => void setImmediate(task),
    connect({ host, port, tls: secure }, listener) {
      if (secure === undefined) return told(net.connect({ host, port }), listener);
      const named = net.isIP(host) === 0 ? { servername: host } : {};
      return told(tls.connect({ host, port, rejectUnauthorized: secure.verify, ...named }), listener);
    },
  };
}

/** A socket that tells what comes of it. */
function told(socket: Socket, listener: ConnectionListener): Connection {
  let failure: string | undefined;
  socket.setNoDelay(true);
  socket.on("data", (bytes: Uint8Array) => listener.data(bytes));
  socket.on("error", (error: NodeJS.ErrnoException) => failure ??= error.code ?? error.message);
  socket.on("close", () => listener.closed(failure));
  return {
    write: (bytes) => void socket.write(bytes),
    destroy: () => void socket.destroy(),
  };
}

function onInterrupt(listener: () => void): () => void {
  process.once("SIGINT", listener);
  return () => process.off("SIGINT", listener);
}

function onStop(listener: () => void): () => void {
  const hear = (): void => {
    forget();
    listener();
  };
  const forget = (): void => ["SIGINT", "SIGTERM"].forEach((signal) => process.off(signal, hear));
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, hear);
  return forget;
}

function onKeys(listener: (keys: string) => void): () => void {
  const { stdin } = process;
  const hear = (bytes: Uint8Array): void => listener(new TextDecoder().decode(bytes));
  stdin.setRawMode(true);
  stdin.on("data", hear).resume();
  return () => {
    stdin.off("data", hear).pause();
    stdin.setRawMode(false);
  };
}

async function typeLines({ line, interrupt, end }: LineListener): Promise<TypedLines> {
  const { createInterface } = await import("node:readline");
  const { stdin: input, stdout: output } = process;
  const reader = createInterface({ input, output, terminal: true, historySize: 1_000, removeHistoryDuplicates: true });
  reader.on("line", line).on("close", end).on("SIGINT", () => {
    reader.write(null, { ctrl: true, name: "e" });
    reader.write(null, { ctrl: true, name: "u" });
    output.write("^C\n");
    interrupt();
  });
  return {
    prompt(text) {
      reader.setPrompt(text);
      reader.prompt();
    },
    close: () => reader.close(),
  };
}

async function readInput(): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString("utf8");
}
