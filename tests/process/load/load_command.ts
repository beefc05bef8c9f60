import { assertEquals } from "@std/assert";
import type { AddressInfo, Server } from "node:net";
import { fileURLToPath } from "node:url";
import { assertDocumented } from "../../support/analysis/documented_json.ts";
import { commandOf, spawnCommand, type Spawned, thisRuntime } from "../../support/process/run.ts";
import { countByLabel } from "../../support/process/recorded_rows.ts";

const program = commandOf(thisRuntime, fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url)));

/** What `--json` prints, as far as tests look at it. */
export interface LoadJson {
  readonly rate: { readonly asked: number | null; readonly reached: number };
  readonly seconds: number;
  readonly interrupted: boolean;
  readonly warmUp: number;
  readonly requests: number;
  readonly missed: number;
  readonly answered: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly failures: Readonly<Record<string, number>>;
  readonly latency: { readonly count: number; readonly max: number } | null;
  readonly series: readonly { readonly label: string; readonly count: number; readonly max: number }[];
  readonly pid: number;
  readonly recorded: number;
  readonly dropped: number;
}

/** The command of `kymo` with these arguments. */
export function kymoCommand(args: readonly string[]): string[] {
  return [...program, ...args];
}

/** Starts `kymo` with these arguments. */
export function startKymo(args: readonly string[], env: Readonly<Record<string, string>> = {}): Spawned {
  return spawnCommand(kymoCommand(args), { env });
}

/**
 * The outcome of a load that ends by itself, whose rows must be exactly those that it tells, label by
 * label.
 */
export async function load(
  directory: string,
  args: readonly string[],
  expected: { readonly code: number; readonly stderr?: RegExp } = { code: 0 },
): Promise<LoadJson> {
  return await outcomeOf(startKymo(["load", ...args, "--dir", directory, "--json"]), directory, expected);
}

/** The outcome of a load that was started; see {@linkcode load}. */
export async function outcomeOf(
  { ended }: Spawned,
  directory: string,
  { code, stderr = /^$/ }: { readonly code: number; readonly stderr?: RegExp } = { code: 0 },
): Promise<LoadJson> {
  const end = await ended;
  assertEquals({ code: end.code, stderr: stderr.test(end.stderr) ? "" : end.stderr }, { code, stderr: "" });
  assertEquals(assertDocumented(end.stdout), "load");
  const json: LoadJson = JSON.parse(end.stdout);
  assertEquals(countByLabel(directory, "client"), Object.fromEntries(json.series.map((one) => [one.label, one.count])));
  assertEquals([json.recorded, json.dropped], [json.requests, 0]);
  return json;
}

/** Has a server listen on a free port until the block ends. Returns its host and port. */
export async function listening(
  server: Server & { closeAllConnections?(): void },
): Promise<AsyncDisposable & { readonly host: string }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections?.();
      }),
  };
}

/** Adds one to a count. */
export function count(counts: Record<string, number>, name: string): number {
  return counts[name] = (counts[name] ?? 0) + 1;
}
