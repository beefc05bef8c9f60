import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { thisRuntime } from "../../support/process/run.ts";

/** Sentry's packages for each runtime. */
export const SENTRY = { deno: "@sentry/deno@10.75.2", bun: "@sentry/bun@11.8.0" } as const;

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * The file to import of Sentry's package for this runtime, which is installed if need be. It is no dependency of the
 * repository, since both have 120 MB.
 */
export function sentryPackage(): string {
  const name = SENTRY[thisRuntime === "deno" ? "deno" : "bun"];
  const folder = `${ROOT}node_modules/.cache/kymo/${name.replace("/", "+")}`;
  const entry = `${folder}/node_modules/${name.slice(0, name.lastIndexOf("@"))}/build/esm/index.js`;
  if (existsSync(entry)) return entry;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/package.json`, '{ "private": true }\n');
  const { stderr } = spawnSync(`${ROOT}node_modules/.bin/bun`, ["add", "--no-save", name], {
    cwd: folder,
    encoding: "utf8",
  });
  if (!existsSync(entry)) throw new Error(`it cannot be installed: ${name}: ${stderr}`);
  return entry;
}
