/** How the applications of frameworks are served that have a fetch handler alone. */

/** The used part of a server of Bun. */
interface BunServer {
  readonly port: number;
}

/** Serves on a free port as the runtime does, and prints that. */
export function serveHere(fetch: (request: Request) => Response | Promise<Response>): void {
  const { Bun } = globalThis as { Bun?: { serve(options: object): BunServer } };
  const where = { hostname: "127.0.0.1", port: 0 };
  const port = Bun === undefined
    ? Deno.serve({ ...where, onListen() {} }, (request) => fetch(request)).addr.port
    : Bun.serve({ ...where, development: false, fetch }).port;
  console.log(port);
}

/** Deno tells of a client that has left only if it waits for an answer for 200 ms. */
const LONG = 300;

let waiting = 0;

/** Says that a request waits, and resolves when its client has left. */
export async function untilLeft(signal: AbortSignal): Promise<string> {
  console.log(`waiting ${++waiting}`);
  await new Promise((resolve) => signal.addEventListener("abort", () => setTimeout(resolve, LONG)));
  console.log("gone");
  return "too late";
}
