import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { SmallDisk } from "../disks/small_disk.ts";
import { commandOf, spawnCommand, type Spawned, thisRuntime } from "../process/run.ts";
import { missing } from "../process/system_tools.ts";
import { chdbPackage } from "./chdb_package.ts";
import { freePort } from "./postgres_server.ts";

const ENGINE = fileURLToPath(new URL("./chdb_server.ts", import.meta.url));

/** ms that a server may take to start. */
const START_LIMIT = 30_000;

/** A version of ClickHouse: Debian's, a real server of 2018; or one of 2026, in a process of ours that gives it HTTP. */
export type ClickHouseVersion = "18.16" | "26.7";

/** The versions that are tested: all of them by `deno task test:ship`. */
export const CLICKHOUSE_VERSIONS: readonly ClickHouseVersion[] = process.env["KYMO_TEST_SHIP"] === "full"
  ? ["18.16", "26.7"]
  : ["26.7"];

/** Why there can be no such ClickHouse here; `false` if there can. It is installed where that is possible. */
export function cannotServeClickHouse(version: ClickHouseVersion): string | false {
  if (version === "18.16") return missing("clickhouse-server");
  return typeof chdbPackage() === "string" ? false : "ClickHouse could not be installed from npm";
}

/** How a server is started. */
export interface ClickHouseServerOptions {
  /** A disk for its data. */
  readonly disk?: SmallDisk;
}

/** A ClickHouse server of its own. Disposing ends and removes it. */
export class ClickHouseServer implements AsyncDisposable {
  readonly version: ClickHouseVersion;
  readonly port: number;
  readonly #path: string;
  readonly #command: readonly string[];
  #running: Spawned;

  private constructor(version: ClickHouseVersion, port: number, path: string, command: readonly string[]) {
    this.version = version;
    this.port = port;
    this.#path = path;
    this.#command = command;
    this.#running = this.#spawn();
  }

  /** Starts one. */
  static async start(version: ClickHouseVersion, { disk }: ClickHouseServerOptions = {}): Promise<ClickHouseServer> {
    const path = mkdtempSync(join(tmpdir(), "kymo-test-clickhouse-"));
    const port = await freePort();
    const data = disk === undefined ? join(path, "data") : `${disk.directory}/data`;
    const command = version === "18.16"
      ? ["clickhouse-server", `--config-file=${writeConfiguration(path, data, port, await freePort())}`]
      : commandOf(thisRuntime, ENGINE, [chdbPackage()!, data, String(port)]);
    const server = new ClickHouseServer(version, port, path, [...disk?.wrapper ?? [], ...command]);
    try {
      await server.#answers();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Kills it, and waits until it has ended. */
  async kill(): Promise<void> {
    this.#running.kill("SIGKILL");
    await this.#running.ended;
  }

  /** Starts it again with what it has on its disk, once it was killed. */
  async startAgain(): Promise<void> {
    this.#running = this.#spawn();
    await this.#answers();
  }

  /**
   * Gives the user `default` of version 18.16 another password, or takes the right to write from it, and
   * waits until that is in effect. Without a change all is as before.
   */
  async changeDefaultUser(change: UserChange = {}): Promise<void> {
    writeUsers(this.#path, change);
    const expected = change.password !== undefined ? "refused" : change.readonly ? "1" : "0";
    for (const end = Date.now() + START_LIMIT;; await sleep(50)) {
      const readonly = "SELECT value FROM system.settings WHERE name = 'readonly'";
      const seen = await this.value(readonly).catch(() => "refused");
      if (seen === expected) return;
      if (Date.now() >= end) throw new Error(`the user default is still: ${seen}`);
    }
  }

  #spawn(): Spawned {
    return spawnCommand(this.#command, { timeLimit: 600_000 });
  }

  async #answers(): Promise<void> {
    for (const end = Date.now() + START_LIMIT;; await sleep(20)) {
      try {
        return void await this.query("SELECT 1");
      } catch (error) {
        if (Date.now() >= end) throw error;
      }
    }
  }

  /** Runs a statement, and returns the rows of its result. */
  async query(sql: string): Promise<unknown[][]> {
    const isSelection = /^\s*SELECT/.test(sql);
    const response = await fetch(`http://127.0.0.1:${this.port}/`, {
      method: "POST",
      body: isSelection ? `${sql} FORMAT JSONCompact` : sql,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`ClickHouse: ${text}`);
    return isSelection ? JSON.parse(text).data : [];
  }

  /** The first field of the first row, as text. */
  async value(sql: string): Promise<string> {
    return String((await this.query(sql))[0]?.[0] ?? "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#path, { recursive: true, force: true });
  }
}

/** A user `kymo` has the password `s3cr&t/word`; the cluster `one` is the server itself. */
function writeConfiguration(path: string, data: string, httpPort: number, tcpPort: number): string {
  const folder = (name: string): string => {
    mkdirSync(join(path, name));
    return `${join(path, name)}/`;
  };
  const configuration = join(path, "config.xml");
  writeFileSync(
    configuration,
    `<yandex>
      <logger><level>error</level><log>${path}/log</log><errorlog>${path}/errors</errorlog></logger>
      <http_port>${httpPort}</http_port><tcp_port>${tcpPort}</tcp_port><listen_host>127.0.0.1</listen_host>
      <path>${data}/</path><tmp_path>${folder("tmp")}</tmp_path>
      <user_files_path>${folder("files")}</user_files_path><format_schema_path>${folder("formats")}</format_schema_path>
      <users_config>users.xml</users_config><default_profile>default</default_profile>
      <default_database>default</default_database><mark_cache_size>100000000</mark_cache_size>
      <timezone>America/New_York</timezone>
      <remote_servers><one><shard><replica><host>127.0.0.1</host><port>${tcpPort}</port></replica></shard></one></remote_servers>
    </yandex>`,
  );
  writeUsers(path);
  return configuration;
}

/** What is other than at the start of the user `default`. */
interface UserChange {
  readonly password?: string;
  readonly readonly?: boolean;
}

function writeUsers(path: string, { password = "", readonly = false }: UserChange = {}): void {
  const user = (name: string, password: string): string =>
    `<${name}><password>${password}</password><networks><ip>::/0</ip></networks><profile>${name}</profile>
      <quota>default</quota></${name}>`;
  writeFileSync(
    join(path, "users.xml"),
    `<yandex><profiles><default><readonly>${Number(readonly)}</readonly></default><kymo/></profiles>
      <quotas><default/></quotas>
      <users>${user("default", password)}${user("kymo", "s3cr&amp;t/word")}</users></yandex>`,
  );
}
