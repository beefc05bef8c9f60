/** An application on `Deno.serve`, called in each way that it knows. It prints its ports. */

import { answer, failure } from "./fetch_handler.ts";

const options = { hostname: "127.0.0.1", port: 0, onListen() {}, onError: failure };
const servers = [
  Deno.serve(options, answer),
  Deno.serve({ ...options, handler: answer }),
];
console.log(servers.map(({ addr }) => addr.port).join(" "));
