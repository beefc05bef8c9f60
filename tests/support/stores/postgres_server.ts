import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { missing } from "../process/system_tools.ts";
import { NOBODY } from "../users/other_users.ts";

const DEBIAN = "/usr/lib/postgresql";

/** The folder of the programs of Debian's PostgreSQL; `undefined` if it is not installed. */
function debianPrograms(): string | undefined {
  if (!existsSync(DEBIAN)) return undefined;
  return readdirSync(DEBIAN).sort((one, other) => Number(other) - Number(one))
    .map((version) => join(DEBIAN, version, "bin")).find((path) => existsSync(join(path, "initdb")));
}

/** Why there can be no PostgreSQL here; `false` if there can. It is installed where that is possible. */
export function cannotServePostgres(): string | false {
  if (debianPrograms() !== undefined) return false;
  const reason = missing("postgres");
  return debianPrograms() === undefined ? reason || "this system has no PostgreSQL" : false;
}

/** A PostgreSQL server of its own, with an empty database. Disposing ends and removes it. */
export class PostgresServer implements AsyncDisposable {
  /** The address of its database. */
  readonly url: string;
  readonly port: number;
  readonly #programs: string;
  readonly #path: string;

  private constructor(programs: string, path: string, port: number) {
    this.#programs = programs;
    this.#path = path;
    this.port = port;
    this.url = `postgres://kymo@127.0.0.1:${port}/postgres`;
  }

  /** Makes a cluster and starts it. */
  static async start(): Promise<PostgresServer> {
    const path = mkdtempSync(join(tmpdir(), "kymo-test-postgres-"));
    chmodSync(path, 0o755);
    if (process.getuid?.() === 0) chownSync(path, NOBODY, NOBODY);
    const server = new PostgresServer(debianPrograms()!, path, await freePort());
    server.#run(
      "initdb",
      "-D",
      join(path, "data"),
      "-A",
      "trust",
      "-U",
      "kymo",
      "--no-sync",
      "-E",
      "UTF8",
      "--locale=C",
    );
    server.start();
    return server;
  }

  /** Starts it, unless it runs. */
  start(): void {
    const options = `-p ${this.port} -k ${this.#path} -c listen_addresses=127.0.0.1 -c max_connections=30`;
    this.#run("pg_ctl", "-D", join(this.#path, "data"), "-o", options, "-l", join(this.#path, "log"), "-w", "start");
  }

  /** Stops it; `"immediate"` as a crash does. */
  stop(mode: "fast" | "immediate" = "fast"): void {
    this.#run("pg_ctl", "-D", join(this.#path, "data"), "-m", mode, "-w", "stop");
  }

  /** Runs SQL, and returns the rows, as texts. */
  query(sql: string): string[][] {
    const { status, stdout, stderr } = spawnSync(
      join(this.#programs, "psql"),
      ["-X", "-q", "-A", "-t", "-F", "\x1f", "-R", "\x1e", "-v", "ON_ERROR_STOP=1", "-c", sql, this.url],
      { maxBuffer: 2 ** 30 },
    );
    if (status !== 0) throw new Error(`psql: ${stderr}`);
    const text = Buffer.from(stdout).toString().replace(/\n$/, "");
    return text === "" ? [] : text.split("\x1e").map((row) => row.split("\x1f"));
  }

  /** The first field of the first row. */
  value(sql: string): string {
    return this.query(sql)[0]?.[0] ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.stop("immediate");
    } catch {
      // It does not run.
    }
    rmSync(this.#path, { recursive: true, force: true });
    await Promise.resolve();
  }

  /** It refuses to run as root. */
  #run(program: string, ...args: string[]): void {
    const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
    const command = [join(this.#programs, program), ...args];
    const [name = "", ...rest] = process.getuid?.() === 0 ? ["setpriv", ...user, ...command] : command;
    // Its output stays open as long as the server runs.
    const { status } = spawnSync(name, rest, { stdio: "ignore", env: { ...process.env, LC_ALL: "C" } });
    if (status !== 0) throw new Error(`${program} ended with ${status}`);
  }
}

/** A port on which nobody listens now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
