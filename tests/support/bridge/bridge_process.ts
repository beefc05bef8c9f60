import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { commandOf, type Ended, spawnCommand, type Spawned, thisRuntime } from "../process/run.ts";

const entry = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

/** The command of `kymo` with these arguments. */
export function kymoCommand(...args: string[]): string[] {
  return commandOf(thisRuntime, entry, args);
}

/** Runs `kymo`. */
export function kymo(...args: string[]): Promise<Ended> {
  return spawnCommand(kymoCommand(...args)).ended;
}

/** `kymo serve` in a process of its own, which ends with the block. */
export class BridgeProcess implements AsyncDisposable {
  readonly spawned: Spawned;
  /** Where it serves. */
  readonly url: string;

  private constructor(spawned: Spawned, url: string) {
    this.spawned = spawned;
    this.url = url;
  }

  /** Starts it on any free port, and waits until it serves. */
  static async start(
    directory: string,
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<BridgeProcess> {
    const command = kymoCommand("serve", directory, "--metrics", "0", "--interval", "50ms", ...args);
    const spawned = spawnCommand(command, { env });
    let said = "";
    spawned.child.stderr.on("data", (text: string) => said += text);
    let end: Ended | undefined;
    void spawned.ended.then((ended) => end = ended);
    for (;;) {
      const [url] = /http:\S+/.exec(said) ?? [];
      if (url !== undefined) return new BridgeProcess(spawned, url);
      if (end !== undefined) throw new Error(`it has ended: ${JSON.stringify(end)}`);
      await sleep(10);
    }
  }

  /** What it answers. */
  async scrape(accept = "text/plain"): Promise<string> {
    const response = await fetch(this.url, { headers: { accept } });
    return await response.text();
  }

  /** Waits until a family has these values, by its labels as written. Throws after 20 s. */
  async until(holds: (values: (name: string) => Record<string, number>) => boolean): Promise<void> {
    let text = "";
    for (const end = Date.now() + 20_000; Date.now() < end; await sleep(50)) {
      text = await this.scrape();
      if (holds((name) => valuesIn(text, name))) return;
    }
    throw new Error(
      `it does not hold: ${holds}: ${text.split("\n").filter((line) => !/_bucket|^#/.test(line)).join("\n")}`,
    );
  }

  /** Ends it in order, and returns how that went. */
  async stop(): Promise<Ended> {
    this.spawned.kill("SIGTERM");
    return await this.spawned.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.spawned.kill("SIGKILL");
    await this.spawned.ended;
  }
}

/** The values of a family in a text, by its labels as written. */
export function valuesIn(text: string, name: string): Record<string, number> {
  const values: Record<string, number> = {};
  for (const line of text.split("\n")) {
    if (!line.startsWith(`${name}{`) && !line.startsWith(`${name} `)) continue;
    const at = line.lastIndexOf(" ");
    values[line.slice(name.length, at)] = Number(line.slice(at + 1));
  }
  return values;
}

/** All values together. */
export function sum(values: Readonly<Record<string, number>>): number {
  return Object.values(values).reduce((all, value) => all + value, 0);
}
