import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { commandOf, thisRuntime } from "../process/run.ts";
import { missing } from "../process/system_tools.ts";

/** The user and group ids of a user who owns nothing of the system. */
export const NOBODY = 65_534;

/** Another such user. */
export const SOMEBODY = 65_533;

/** Says who a command runs as. */
export interface UserOptions {
  /** The ids of user and group. */
  readonly user?: number;
  /** The id of a further group that the user belongs to. */
  readonly group?: number;
}

/**
 * The command that runs the rest of its arguments as another user, who may read and write in
 * `home`.
 */
export function asOtherUser(home: string, { user = NOBODY, group }: UserOptions = {}): string[] {
  const cache = join(home, `cache-${user}`);
  mkdirSync(cache, { recursive: true });
  for (const path of [home, cache]) chmodSync(path, 0o777);
  const groups = group === undefined ? "--clear-groups" : `--groups=${group}`;
  // Deno looks for what it has compiled below the home directory, which may be that of root.
  return ["env", `HOME=${cache}`, `DENO_DIR=${cache}`, "setpriv", `--reuid=${user}`, `--regid=${user}`, groups];
}

const program = fileURLToPath(new URL("../programs/recorder.ts", import.meta.url));

/**
 * Why there can be no other users here; `false` if there can. A reason is also printed, since these
 * tests are the only ones that show what several users can do.
 */
export function cannotBeOthers(): string | false {
  const reason = process.getuid?.() === 0 ? missing("setpriv") || cannotReadUs() : "only root may become another user";
  if (reason !== false) console.error(`SKIPPED: tests with several users: ${reason}`);
  return reason;
}

/** Whether the other user can run this runtime and read these files. */
function cannotReadUs(): string | false {
  const [runtime = ""] = commandOf(thisRuntime, program);
  const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
  const can = (...command: string[]): boolean => spawnSync("setpriv", [...user, ...command]).status === 0;
  return can("cat", program) && can(runtime, "--version")
    ? false
    : "another user may not read this checkout or run this runtime";
}
