/**
 * An application that uses Kymo: it starts a recording with the options of its argument, asks its
 * server before and after, and prints what it finds as JSON.
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import * as monitor from "../../../../mod.ts";

const server = createServer((_, response) => void response.end("answer"));
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const ask = async (path: string): Promise<void> => {
  await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`)).text();
};
const attempt = (options: object): string => {
  try {
    monitor.start(options);
    return "started";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

await ask("/before");
const before = monitor.status();
const started = attempt(JSON.parse(process.argv[2] ?? "{}"));
await ask("/after");
const { isolate, automatic } = monitor.status();
const again = attempt({ withRuntime: { whileBlocked: true } });
await monitor.stop();
await ask("/stopped");
server.closeAllConnections();
server.close();
console.log(
  JSON.stringify({
    wasRunning: before.running,
    isSame: isolate === before.isolate,
    started,
    again,
    automatic: Object.values(automatic).every(({ available }) => available),
    names: Object.keys(automatic).join(),
  }),
);
