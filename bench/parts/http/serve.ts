/** A server of this runtime's own. */
export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

/** What answers a request. The second parameter is declared because Deno and Bun pass one, which a timed handler wants to see. */
export type Handler = (request: Request, server: unknown) => Response | Promise<Response>;

/** The little of Bun that is used; its types are not there on Deno. */
interface BunGlobal {
  serve(options: { hostname: string; port: number; fetch: Handler }): {
    readonly port: number;
    stop(closeConnections: boolean): Promise<void>;
  };
}

const HERE = { hostname: "127.0.0.1", port: 0 };

/** Serves at a free port of this machine. */
export function serve(handler: Handler): Server {
  const { Bun } = globalThis as unknown as { Bun?: BunGlobal };
  if (Bun !== undefined) {
    const server = Bun.serve({ ...HERE, fetch: handler });
    return { url: `http://${HERE.hostname}:${server.port}/`, close: () => server.stop(true) };
  }
  const server = Deno.serve({ ...HERE, onListen: () => {} }, handler);
  return { url: `http://${HERE.hostname}:${server.addr.port}/`, close: () => server.shutdown() };
}
