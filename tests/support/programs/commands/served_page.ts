import { request } from "node:http";
import { kymoCommand } from "../../bridge/bridge_process.ts";
import { spawnCommand, type Spawned } from "../../process/run.ts";

/** A `kymo view` or `kymo live`, and where its page is. */
export interface ServedPage {
  readonly spawned: Spawned;
  readonly url: string;
}

/** Starts a command that serves a page, and waits until it does. */
export async function servePage(...args: string[]): Promise<ServedPage> {
  const spawned = spawnCommand(kymoCommand(...args), { timeLimit: 600_000 });
  let said = "";
  spawned.child.stdout.on("data", (text: string) => said += text);
  await spawned.said(/Ctrl-C/);
  const [url] = /http:\S+/.exec(said) ?? [];
  if (url === undefined) throw new Error(`it has ended: ${JSON.stringify(await spawned.ended)}`);
  return { spawned, url };
}

/** The answer to a GET with this `Host`. */
export function get(
  url: string,
  host: string,
): Promise<{ readonly status: number | undefined; readonly text: string }> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { host } }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => text += part);
      response.on("end", () => resolve({ status: response.statusCode, text }));
    }).on("error", reject).end();
  });
}
