import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";

/** The machine and versions that the figures are valid for. */
export interface Machine {
  /** Model of the processor. */
  readonly processor: string;
  readonly cores: number;
  /** Memory, GiB. */
  readonly memory: number;
  /** Name and release of the kernel. */
  readonly system: string;
  /** Versions of the runtimes and packages, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

const GIB = 2 ** 30;

/** Packages that Kymo is compared with, or measured with. */
const PACKAGES = [
  "@duckdb/node-api",
  "@opentelemetry/sdk-metrics",
  "@std/csv",
  "autocannon",
  "csv-stringify",
  "mitata",
  "pino",
  "prom-client",
];

/** Describes this machine. `bun` is the path of Bun, and `nodeModules` the URL of the packages. */
export function machine(bun: string, nodeModules: URL): Machine {
  const packages = PACKAGES.map((name) => {
    const { version } = JSON.parse(readFileSync(new URL(`${name}/package.json`, nodeModules), "utf8"));
    return [name, String(version)] as const;
  });
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memory: totalmem() / GIB,
    system: `${type()} ${release()}`,
    versions: {
      Deno: Deno.version.deno,
      V8: Deno.version.v8,
      Bun: execFileSync(bun, ["--version"], { encoding: "utf8" }).trim(),
      ...Object.fromEntries(packages),
    },
  };
}
