/** The HTTP server of this runtime. */
export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * A handler. It declares a second parameter because Deno and Bun pass one, which a timed handler
 * needs.
 */
export type Handler = (request: Request, server: unknown) => Response | Promise<Response>;

/** The used part of `Bun`, whose types Deno does not have. */
interface BunGlobal {
  serve(options: { hostname: string; port: number; fetch: Handler }): {
    readonly port: number;
    stop(closeConnections: boolean): Promise<void>;
  };
}

const HERE = { hostname: "127.0.0.1", port: 0 };

/** Starts a server on a free local port. */
export function serve(handler: Handler): Server {
  const { Bun } = globalThis as unknown as { Bun?: BunGlobal };
  if (Bun !== undefined) {
    const server = Bun.serve({ ...HERE, fetch: handler });
    return { url: `http://${HERE.hostname}:${server.port}/`, close: () => server.stop(true) };
  }
  const server = Deno.serve({ ...HERE, onListen: () => {} }, handler);
  return { url: `http://${HERE.hostname}:${server.addr.port}/`, close: () => server.shutdown() };
}
