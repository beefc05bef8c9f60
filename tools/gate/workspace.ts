/**
 * The folders and programs that the gate works with.
 *
 * @module
 */

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** Name of a runtime, as in `KYMO_TEST_RUNTIME`. */
export type RuntimeName = "deno" | "bun";

/** Absolute paths, and the environment of the programs that the gate runs. */
export interface Workspace {
  /** Root of the repository. */
  readonly root: string;
  /** Folder for the files of the gate. */
  readonly temporary: string;
  /** Temporary folder of the tests, which must be empty again after them. */
  readonly scratch: string;
  /** Executables. */
  readonly bin: Readonly<Record<RuntimeName | "tsc", string>>;
  /** Variables added to the environment of every program. */
  readonly env: Readonly<Record<string, string>>;
}

/** Creates the temporary folders. */
export async function makeWorkspace(): Promise<Workspace> {
  const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
  const temporary = await Deno.makeTempDir({ prefix: "kymo-gate-" });
  const scratch = `${temporary}/scratch`;
  await Deno.mkdir(scratch);
  await Deno.chmod(temporary, 0o755); // some tests run programs of other users
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
