import { KymoError, reason } from "../../errors.ts";

/**
 * Loads a package that need not be there. `load` is `() => import("the package")`, spelled out where it is used, so that bundlers see it.
 *
 * @throws {KymoError} if the package is missing, with the one command that adds it.
 * @throws {KymoError} if it is there and cannot be loaded, as without the permission for it.
 */
export async function loadPackage<Module>(
  name: string,
  purpose: string,
  runtimeName: string,
  load: () => Promise<Module>,
): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    if ((error as { code?: unknown } | undefined)?.code === "ERR_MODULE_NOT_FOUND") {
      const command = runtimeName === "deno" ? `deno add npm:${name}` : `bun add ${name}`;
      throw new KymoError(
        "missing-package",
        `Cannot ${purpose}: the package ${name} is missing: add it with "${command}"`,
        {
          cause: error,
        },
      );
    }
    const [first] = reason(error).split("\n");
    throw new KymoError("missing-package", `Cannot ${purpose}: the package ${name} cannot be loaded: ${first}`, {
      cause: error,
    });
  }
}
