/** Answers every request, prints its port, and ends when its input does, after printing how often it was asked. */

import process from "node:process";
import { serve } from "../http/serve.ts";

let calls = 0;
const { url, close } = serve((_request, _server) => {
  calls++;
  return new Response("Hello");
});
console.log(url);
process.stdin.on("end", async () => {
  await close();
  console.log(calls);
  process.exit();
}).resume();
