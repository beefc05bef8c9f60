/** An application on `node:https`, whose key and certificate are in a folder. It prints its port. */

import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import process from "node:process";

const [folder = ""] = process.argv.slice(2);
const read = (name: string): string => readFileSync(`${folder}/${name}`, "utf8");
const server = createServer({ key: read("key"), cert: read("certificate") }, (_, response) => {
  response.statusCode = 410;
  response.end("gone");
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
