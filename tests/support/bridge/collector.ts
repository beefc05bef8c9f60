import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What a collector answers. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** What a collector is sent. */
export interface Push {
  readonly request: {
    readonly method: unknown;
    readonly url: unknown;
    readonly headers: Readonly<Record<string, unknown>>;
  };
  readonly body: Uint8Array;
  /** When, ms. */
  readonly at: number;
}

/** An OpenTelemetry collector that gives these answers, the last again and again. */
export async function collector(answers: readonly Answer[]): Promise<
  AsyncDisposable & {
    readonly url: string;
    readonly requests: readonly Push[];
  }
> {
  const requests: Push[] = [];
  const server = createServer(async (request, response) => {
    const { method, url, headers: given } = request;
    const parts: Uint8Array[] = [];
    for await (const part of request) parts.push(part);
    const { status, headers = {}, body = new Uint8Array() } = answers[Math.min(requests.length, answers.length - 1)]!;
    requests.push({
      request: { method, url, headers: { ...given } },
      body: new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer()),
      at: Date.now(),
    });
    response.writeHead(status, { "content-type": "application/x-protobuf", ...headers }).end(body);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
