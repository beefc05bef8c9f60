/**
 * Installs versions of the runtimes from the npm registry, each in a folder of its own.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { run } from "../gate/command.ts";
import type { Workspace } from "../gate/workspace.ts";

/** A runtime that npm has executables of. */
export type InstallableRuntime = "deno" | "bun" | "node";

/** The name of the architecture in the packages of each runtime. */
const ARCHITECTURES: Readonly<Record<typeof Deno.build.arch, Readonly<Record<InstallableRuntime, string>>>> = {
  x86_64: { deno: "x64", bun: "x64", node: "x64" },
  aarch64: { deno: "arm64", bun: "aarch64", node: "arm64" },
};

/** The package of the executable, and where in it that is. None of them runs a script to install. */
function packageOf(runtime: InstallableRuntime): readonly [name: string, executable: string] {
  const architecture = ARCHITECTURES[Deno.build.arch][runtime];
  switch (runtime) {
    case "deno":
      return [`@deno/linux-${architecture}-glibc`, "deno"];
    case "bun":
      return [`@oven/bun-linux-${architecture}`, "bin/bun"];
    case "node":
      return [`node-linux-${architecture}`, "bin/node"];
  }
}

/**
 * Installs a version of a runtime below `node_modules/`, unless it is there. Returns the path of its
 * executable.
 *
 * @param version Exact, or a range such as `22`.
 * @throws {Error} if it cannot be installed.
 */
export async function installRuntime(
  runtime: InstallableRuntime,
  version: string,
  { root, bin, env }: Workspace,
): Promise<string> {
  if (Deno.build.os !== "linux") throw new Error(`Cannot install ${runtime} ${version}: only Linux is supported`);
  const [name, executable] = packageOf(runtime);
  const into = `${root}/node_modules/.cache/kymo/${runtime}-${version}`;
  const path = `${into}/node_modules/${name}/${executable}`;
  if (existsSync(path)) return path;
  await Deno.mkdir(into, { recursive: true });
  await Deno.writeTextFile(`${into}/package.json`, '{ "private": true }\n');
  const { ok, output } = await run([bin.bun, "add", "--no-save", `${name}@${version}`], { cwd: into, env });
  if (!ok || !existsSync(path)) throw new Error(`Cannot install ${runtime} ${version}: ${output}`);
  return path;
}
