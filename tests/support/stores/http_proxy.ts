import { Buffer } from "node:buffer";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that a proxy has taken. */
export interface ProxiedRequest {
  /** Its number, from 0. */
  readonly number: number;
  /** The statement of ClickHouse that it is. */
  readonly statement: string;
  readonly path: string;
  readonly body: Buffer;
}

/** What the server answered. */
export interface ProxiedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/**
 * What becomes of a request: `forward` hands it to the server and returns its answer. What is returned
 * is answered; with `undefined` the connection is cut.
 */
export type Fault = (
  request: ProxiedRequest,
  forward: () => Promise<ProxiedAnswer>,
) => Promise<ProxiedAnswer | undefined>;

const pass: Fault = (_, forward) => forward();

/** Stands before an HTTP server, and does what a test wants to requests and answers. */
export class HttpProxy implements AsyncDisposable {
  /** What happens to requests; at first nothing. */
  fault: Fault = pass;
  /** The requests so far. */
  readonly requests: ProxiedRequest[] = [];
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    ({ port: this.port } = server.address() as AddressInfo);
  }

  /** Begins to listen, for a server on a port of 127.0.0.1. */
  static async start(serverPort: number): Promise<HttpProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const proxy = new HttpProxy(server);
    server.on("request", async (incoming, outgoing) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const path = incoming.url ?? "/";
      const statement = new URL(path, "http://localhost").searchParams.get("query") ?? body.toString();
      const request = { number: proxy.requests.length, statement, path, body };
      proxy.requests.push(request);
      const headers = Object.entries(incoming.headers)
        .filter(([name]) => name.startsWith("x-")).map(([name, value]): [string, string] => [name, String(value)]);
      const answer = await proxy.fault(request, async () => {
        const url = `http://127.0.0.1:${serverPort}${path}`;
        const response = await fetch(url, { method: "POST", body, headers });
        const answered = Buffer.from(await response.arrayBuffer());
        return { status: response.status, headers: response.headers, body: answered };
      }).catch(() => undefined);
      if (answer === undefined) return void incoming.socket.destroy();
      const code = answer.headers.get("x-clickhouse-exception-code");
      const summary = answer.headers.get("x-clickhouse-summary");
      if (code !== null) outgoing.setHeader("x-clickhouse-exception-code", code);
      if (summary !== null) outgoing.setHeader("x-clickhouse-summary", summary);
      outgoing.writeHead(answer.status);
      outgoing.end(answer.body);
    });
    return proxy;
  }

  /** From now on nothing happens to requests, and they are numbered from 0. */
  reset(): void {
    this.fault = pass;
    this.requests.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
