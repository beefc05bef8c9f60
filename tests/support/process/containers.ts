import { spawnSync } from "node:child_process";
import process from "node:process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseProgramFileName } from "../../../src/files/names.ts";
import { commandOf, type RuntimeName, spawnCommand, type Spawned } from "./run.ts";
import { missing } from "./system_tools.ts";

const program = fileURLToPath(new URL("../programs/container.ts", import.meta.url));

/** A service in a container. */
export interface Container {
  /** The name of the service, which is also in the label of its requests: `/<name> [GET]`. */
  readonly name: string;
  readonly host: string;
  readonly runtime: RuntimeName;
}

/** The services: what is wrong with which. */
export const CONTAINERS = {
  healthy: { name: "catalog", host: "web-1", runtime: "bun" },
  leaking: { name: "orders", host: "web-2", runtime: "deno" },
  crashing: { name: "mail", host: "web-3", runtime: "bun" },
  killed: { name: "billing", host: "web-4", runtime: "deno" },
} as const satisfies Readonly<Record<string, Container>>;

type Role = keyof typeof CONTAINERS;

/** Lives of the crashing service, at least. */
const CRASHES = 6;

/** How long the others record before one is killed, ms. */
const LIFETIME = 5_000;

/** Why there can be no containers here; `false` if there can. */
export function cannotContain(): string | false {
  const reason = missing("unshare");
  if (reason !== false) return reason;
  const { status } = spawnSync("unshare", [...NAMESPACES, "true"], { stdio: "ignore" });
  return status === 0 ? false : "this system does not permit namespaces";
}

const NAMESPACES = ["--pid", "--uts", "--fork", "--mount-proc", "--kill-child"];

/** The command that runs a service in a container, where it has the PID 1. */
function commandIn(role: Role, directory: string): string[] {
  const { name, host, runtime } = CONTAINERS[role];
  const command = commandOf(runtime, program, [role, name, directory]);
  return [
    "unshare",
    ...NAMESPACES,
    "sh",
    "-c",
    `echo ${host} > /proc/sys/kernel/hostname; exec "$@"`,
    "sh",
    ...command,
  ];
}

/**
 * Four services on both runtimes, each the PID 1 of a container, that share a monitoring directory:
 * one is healthy, one leaks memory, one crashes and is started over and over, and one was killed
 * with SIGKILL. Disposing ends them.
 */
export class Containers implements AsyncDisposable {
  readonly #running = new Map<Role, Spawned>();
  #isEnding = false;
  #crashes = 0;
  #loop: Promise<void> = Promise.resolve();

  private constructor() {}

  /** Starts them, and returns once one was killed and found dead by others, and one has crashed several times. */
  static async record(directory: string): Promise<Containers> {
    const containers = new Containers();
    try {
      for (const role of ["healthy", "leaking", "killed"] as const) containers.#start(role, directory);
      containers.#loop = containers.#crashOverAndOver(directory);
      await sleep(LIFETIME);
      while (containers.#crashes < CRASHES) await sleep(50);
      await containers.#killOne();
      await foundDead(directory);
      return containers;
    } catch (error) {
      await containers.end();
      throw error;
    }
  }

  /** How often the crashing service has crashed. */
  get crashes(): number {
    return this.#crashes;
  }

  /** Stops what runs, as a program that ends by itself does. */
  async end(): Promise<void> {
    this.#isEnding = true;
    for (const { child } of this.#running.values()) child.stdin.end();
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
    await this.#loop;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  #start(role: Role, directory: string): Spawned {
    const spawned = spawnCommand(commandIn(role, directory), { timeLimit: 300_000 });
    this.#running.set(role, spawned);
    void spawned.ended.then(({ code, stderr }) => {
      if (code !== 0 && role !== "killed" && role !== "crashing") throw new Error(`${role}: ${code}: ${stderr}`);
    });
    return spawned;
  }

  async #crashOverAndOver(directory: string): Promise<void> {
    while (!this.#isEnding) {
      const { code, stderr } = await this.#start("crashing", directory).ended;
      if (this.#isEnding) return;
      if (!stderr.includes("out of stock")) throw new Error(`the crashing service ended with ${code}: ${stderr}`);
      this.#crashes++;
      await sleep(100);
    }
  }

  /** Kills the service itself, not what has started it. */
  async #killOne(): Promise<void> {
    const { child, ended } = this.#running.get("killed")!;
    const [pid] = childrenOf(child.pid!);
    if (pid === undefined) throw new Error(`it has ended: ${JSON.stringify(await ended)}`);
    process.kill(pid, "SIGKILL");
    await ended;
    this.#running.delete("killed");
  }
}

/**
 * Resolves once the killed service's record says so: while another program recovers its spools, it
 * holds their locks, as a living owner does.
 */
async function foundDead(directory: string): Promise<void> {
  const records = () =>
    readdirSync(directory).filter((file) => parseProgramFileName(file) !== undefined)
      .map((file) => JSON.parse(readFileSync(`${directory}/${file}`, "utf8")));
  for (const limit = Date.now() + 60_000; Date.now() < limit; await sleep(20)) {
    if (records().some(({ name, end }) => name === CONTAINERS.killed.name && end?.how === "killed")) return;
  }
  throw new Error("nobody has found the killed service dead");
}

/** PIDs of the children of a process, as this namespace numbers them. */
export function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number)
  );
}
