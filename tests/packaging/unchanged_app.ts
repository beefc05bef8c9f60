/**
 * An app that knows nothing of the package, for the entry for preloads: it asks its own server, and
 * prints the answer.
 *
 * @module
 */

import { createServer } from "node:http";

const server = createServer((_, response) => void response.end("hello"));
server.listen(0, "127.0.0.1", async () => {
  // deno-lint-ignore no-explicit-any
  const response = await fetch(`http://127.0.0.1:${(server.address() as any).port}/greeting`);
  console.log(await response.text());
  server.closeAllConnections();
  server.close();
});
