/** A server that listens. */
export interface Listening {
  /** Where. */
  readonly url: string;
  /** Takes no more requests, and resolves once those in flight are answered. */
  stop(): Promise<void>;
}

type Handler = (request: Request) => Promise<Response>;

/** The parts of `Deno` and `Bun` that are used: no one program has the types of both. */
interface Globals {
  readonly Deno?: {
    serve(
      options: { hostname: string; port: number; onListen: () => void; onError: () => Response },
      handler: Handler,
    ): { readonly addr: { readonly port: number }; shutdown(): Promise<void> };
  };
  readonly Bun?: {
    serve(
      options: { hostname: string; port: number; error: () => Response; fetch: Handler },
    ): { readonly port: number; stop(): Promise<void> };
  };
}

const hostname = "127.0.0.1";

/**
 * Serves with the runtime's own server, on a port that the system chooses. What `handler` throws is
 * answered with 500.
 */
export function listen(handler: Handler): Listening {
  const { Deno, Bun } = globalThis as Globals;
  const internalError = () => new Response("Internal server error\n", { status: 500 });
  if (Deno !== undefined) {
    const server = Deno.serve({ hostname, port: 0, onListen: () => {}, onError: internalError }, handler);
    return { url: `http://${hostname}:${server.addr.port}`, stop: () => server.shutdown() };
  }
  if (Bun !== undefined) {
    const server = Bun.serve({ hostname, port: 0, error: internalError, fetch: handler });
    return { url: `http://${hostname}:${server.port}`, stop: () => server.stop() };
  }
  throw new Error("Cannot serve: not on Deno or Bun");
}
