/** A listening server. */
export interface Listening {
  /** Its URL. */
  readonly url: string;
  /** Accepts no more requests, and resolves once those in progress are answered. */
  stop(): Promise<void>;
}

type Handler = (request: Request) => Promise<Response>;

/** The used parts of `Deno` and `Bun`: no program has the types of both. */
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

/** Starts the runtime's own server on a free port. An error of `handler` is answered with 500. */
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
  throw new Error("Cannot serve: only Deno and Bun are supported");
}
