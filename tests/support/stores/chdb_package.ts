import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** ClickHouse 26.7.2 as a library. */
const PACKAGE = "chdb@3.4.0";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const FOLDER = `${ROOT}node_modules/.cache/kymo/${PACKAGE}`;

/**
 * The file to import of the package `chdb`, which is installed if need be; `undefined` if it cannot
 * be. It is no dependency of the repository, since it has 550 MB.
 */
export function chdbPackage(): string | undefined {
  const entry = `${FOLDER}/node_modules/chdb/index.mjs`;
  if (existsSync(entry)) return entry;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}/package.json`, '{ "private": true }\n');
  const install = `test -e "$0" || "$1" add --no-save ${PACKAGE}`;
  const bun = `${ROOT}node_modules/.bin/bun`;
  // The suites of several runtimes may be here at once.
  spawnSync("flock", [`${FOLDER}/package.json`, "sh", "-c", install, entry, bun], { cwd: FOLDER, stdio: "ignore" });
  return existsSync(entry) ? entry : undefined;
}
