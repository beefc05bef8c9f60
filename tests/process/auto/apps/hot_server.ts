/** A server as `bun --hot` reloads it with each save. It prints its port each time. */

// @ts-ignore: the types of Deno know no such module
const { serve } = await import("bun") as { serve(options: object): { readonly port: number } };

const shared = globalThis as {
  evaluations?: number;
  server?: { readonly port: number; reload(options: object): void };
};
shared.evaluations = (shared.evaluations ?? 0) + 1;
const options = { port: 0, hostname: "127.0.0.1", fetch: () => new Response("SAVE") };
if (shared.server === undefined) shared.server = serve(options) as unknown as NonNullable<typeof shared.server>;
else shared.server.reload(options);
console.log(shared.server.port);
