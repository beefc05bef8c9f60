/** A worker that serves on `node:http`, and says its port. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parentPort } from "node:worker_threads";

const scope = globalThis as unknown as { postMessage?(message: unknown): void };
const say = (message: unknown): void => parentPort?.postMessage(message) ?? scope.postMessage?.(message);
const server = createServer((_, response) => void response.end("worker"));
server.listen(0, "127.0.0.1", () => say((server.address() as AddressInfo).port));
