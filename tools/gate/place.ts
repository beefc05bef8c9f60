/**
 * Where the gate works.
 *
 * @module
 */

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The names of the runtimes, as `KYMO_EXPECT_RUNTIME` gives them. */
export type RuntimeName = "deno" | "bun";

/** Paths, all absolute, and the environment of the programs that are run. */
export interface Place {
  /** Root of the repository. */
  readonly root: string;
  /** Folder for what the gate writes. */
  readonly temporary: string;
  /** Folder for what tests write; they clean up after themselves. */
  readonly scratch: string;
  /** Executables. */
  readonly bin: Readonly<Record<RuntimeName | "tsc", string>>;
  /** Added to the environment of every program. */
  readonly env: Readonly<Record<string, string>>;
}

/** Makes a temporary folder to work in. */
export async function makePlace(): Promise<Place> {
  const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
  const temporary = await Deno.makeTempDir({ prefix: "kymo-gate-" });
  const scratch = `${temporary}/scratch`;
  await Deno.mkdir(scratch);
  const deno = Deno.execPath();
  const installed = `${root}/node_modules/.bin`;
  return {
    root,
    temporary,
    scratch,
    bin: { deno, bun: `${installed}/bun`, tsc: `${installed}/tsc` },
    // Tests start `deno` and `bun` by name.
    env: { PATH: [dirname(deno), installed, Deno.env.get("PATH") ?? ""].join(":"), TMPDIR: scratch },
  };
}
