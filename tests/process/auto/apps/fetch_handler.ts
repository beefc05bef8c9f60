/** What the applications answer that have a fetch handler. They know nothing of Kymo. */

/** Deno tells of a client that has left only if it waits for an answer for 200 ms. */
const LONG = 300;

let waiting = 0;

/** Answers by path. */
export function answer(request: Request): Response | Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/text") return new Response("text");
  if (pathname === "/later") return new Promise((resolve) => setTimeout(() => resolve(new Response("later")), 5));
  if (pathname === "/echo") return request.text().then((text) => new Response(text));
  if (pathname.startsWith("/orders/")) return Response.json({ id: pathname.slice(8) });
  if (pathname === "/bad") return new Response("bad", { status: 400 });
  if (pathname === "/failed") return new Response("failed", { status: 503 });
  if (pathname === "/throws") throw new Error("thrown on purpose");
  if (pathname === "/waits") {
    console.log(`waiting ${++waiting}`);
    return new Promise((resolve) => {
      const answer = (): void => {
        console.log("gone");
        resolve(new Response("too late"));
      };
      request.signal.addEventListener("abort", () => setTimeout(answer, LONG));
    });
  }
  return new Response("unknown", { status: 404 });
}

/** What is answered when the handler has thrown. */
export const failure = (): Response => new Response("failed", { status: 500 });
