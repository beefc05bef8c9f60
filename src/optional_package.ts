import { KymoError, reason } from "./errors.ts";

/**
 * Rejects as the import did. A bundler that finds a handler leaves a package that is not installed
 * for run time; otherwise it would refuse to bundle.
 */
export function absent(error: unknown): never {
  throw error;
}

/**
 * Loads an optional package. `load` must be a literal
 * `() => import("the package").catch(absent)`, so that bundlers see the import.
 *
 * @throws {KymoError} `"missing-package"` if it is not installed, with the command that adds it, or
 * if it cannot be loaded; `"permission-denied"` if Deno refuses to load native code without
 * `--allow-ffi`.
 */
export async function loadPackage<Module>(
  name: string,
  purpose: string,
  runtimeName: string,
  load: () => Promise<Module>,
): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    const { code, name: kind } = (cause ?? {}) as { code?: unknown; name?: unknown };
    if (code === "ERR_MODULE_NOT_FOUND") {
      const commands = new Map([["deno", `deno add npm:${name}`], ["bun", `bun add ${name}`]]);
      const command = commands.get(runtimeName) ?? `npm install ${name}`;
      const why = `the package ${name} is missing: add it with "${command}"`;
      throw new KymoError("missing-package", `Cannot ${purpose}: ${why}`, { cause });
    }
    const [first] = reason(cause).split("\n", 1);
    throw new KymoError(
      kind === "NotCapable" ? "permission-denied" : "missing-package",
      `Cannot ${purpose}: the package ${name} cannot be loaded: ${first}`,
      { cause },
    );
  }
}
