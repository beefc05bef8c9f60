import { isGranted } from "./permissions.ts";

/**
 * The text of `/proc/self/<name>`, or the reason why it cannot be read. Never prompts. Deno requires
 * all permissions for it.
 */
export function readProcFile(name: string): { readonly text: string } | string {
  const path = `/proc/self/${name}`;
  if (Deno.build.os !== "linux") return `${Deno.build.os} has no /proc/self/${name}`;
  if (!isGranted({ name: "read", path })) return "needs --allow-all";
  try {
    return { text: Deno.readTextFileSync(path) };
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return "needs --allow-all";
    return `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
