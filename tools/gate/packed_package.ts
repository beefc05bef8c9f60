/**
 * The npm package as its users meet it: packed, added to an empty Bun app, run there, its command line too, and type-checked by a strict user.
 *
 * @module
 */

import denoJson from "../../deno.json" with { type: "json" };
import { buildNpm } from "../build_npm.ts";
import { type Outcome, run } from "./command.ts";
import type { Place, RuntimeName } from "./place.ts";

/** How a user's compiler may find the declarations. */
const resolutions = [
  { module: "preserve", moduleResolution: "bundler" },
  { module: "nodenext", moduleResolution: "nodenext" },
];

/** Builds the package, packs it, and adds the tarball to an empty app, where it must come alone. Returns what was said. */
export async function installPacked(place: Place): Promise<Outcome> {
  const built = `${place.temporary}/npm`;
  const app = appFolder(place);
  await buildNpm(built);
  await Deno.mkdir(app);
  await Deno.writeTextFile(`${app}/package.json`, '{ "name": "app", "private": true, "type": "module" }\n');
  const { bun } = place.bin;
  const packed = await run([bun, "pm", "pack", "--quiet", "--filename", `${app}/kymo.tgz`], {
    cwd: built,
    env: place.env,
  });
  if (!packed.ok) return packed;
  const added = await run([bun, "add", "./kymo.tgz"], { cwd: app, env: place.env });
  if (!added.ok) return added;
  const installed = [...Deno.readDirSync(`${app}/node_modules`)].map(({ name }) => name);
  return {
    ok: installed.every((name) => name === "@kymo" || name.startsWith(".")),
    output: `${packed.output}${added.output}installed: ${installed.join(", ")}`,
  };
}

/** Records with the installed package on a runtime; the app checks what it left. */
export async function recordWithPacked(runtime: RuntimeName, place: Place): Promise<Outcome> {
  const app = appFolder(place);
  await Deno.copyFile(`${place.root}/tests/packaging/app.ts`, `${app}/app.ts`);
  const words = runtime === "bun" ? ["app.ts"] : ["run", "-A", "app.ts"];
  return await run([place.bin[runtime], ...words, `recorded-${runtime}`], { cwd: app, env: place.env });
}

/** Runs the installed command line on a runtime, as its users do: it tells its version, and recovers an empty directory. */
export async function runPackedCommandLine(runtime: RuntimeName, place: Place): Promise<Outcome> {
  const app = appFolder(place);
  const kymo = commandLines(place)[runtime];
  await Deno.mkdir(`${app}/empty`, { recursive: true });
  const version = await run([...kymo, "--version"], { cwd: app, env: place.env });
  const recovery = await run([...kymo, "recover", "empty"], { cwd: app, env: place.env });
  const said = `${version.output}${recovery.output}`;
  return { ok: version.ok && recovery.ok && said === `${denoJson.version}\nNothing to recover.\n`, output: said };
}

/** Type-checks a user who is as strict as the compiler can be, with the types of Bun. */
export async function typeCheckUser(place: Place): Promise<Outcome> {
  const app = appFolder(place);
  await Deno.copyFile(`${place.root}/tests/packaging/strict_user.ts`, `${app}/strict_user.ts`);
  for (const name of ["bun-types", "@types"]) {
    await Deno.symlink(`${place.root}/node_modules/${name}`, `${app}/node_modules/${name}`);
  }
  const outcomes = [];
  for (const resolution of resolutions) {
    const compilerOptions = {
      ...resolution,
      target: "esnext",
      lib: ["esnext"],
      types: ["bun-types"],
      noEmit: true,
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      noPropertyAccessFromIndexSignature: true,
      verbatimModuleSyntax: true,
      isolatedModules: true,
      skipLibCheck: false,
    };
    await Deno.writeTextFile(`${app}/tsconfig.json`, JSON.stringify({ compilerOptions, files: ["strict_user.ts"] }));
    const { tsc } = place.bin;
    outcomes.push(await run([tsc, "-p", "tsconfig.json"], { cwd: app, env: place.env }));
  }
  return { ok: outcomes.every(({ ok }) => ok), output: outcomes.map(({ output }) => output).join("") };
}

/** How the users of each runtime call the command line. */
export function commandLines({ bin }: Place): Record<RuntimeName, [string, ...string[]]> {
  return {
    bun: [bin.bun, "x", "--no-install", "@kymo/kymo"],
    deno: [bin.deno, "run", "-A", "npm:@kymo/kymo/cli"],
  };
}

/** Where the app is. */
export function appFolder(place: Place): string {
  return `${place.temporary}/app`;
}
