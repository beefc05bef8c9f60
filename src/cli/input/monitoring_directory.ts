import { KymoError, quotePath } from "../../errors.ts";
import { MonitoringDirectory } from "../../files/directory.ts";
import type { CliContext } from "../context.ts";

/**
 * The monitoring directory that the user named.
 *
 * @throws {KymoError} saying "Cannot `action`", if there is no such directory.
 */
export function openMonitoringDirectory(
  path: string,
  action: string,
  { look, runtime: { files } }: Pick<CliContext, "look" | "runtime">,
): MonitoringDirectory {
  const found = look(path);
  if (found === "directory") return new MonitoringDirectory(files, files.resolve(path));
  const [code, reason] = found === "nothing"
    ? ["not-found", "no such directory"] as const
    : ["invalid-argument", "not a directory"] as const;
  throw new KymoError(code, `Cannot ${action}: ${quotePath(path)}: ${reason}`);
}
