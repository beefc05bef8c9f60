import { fileError, KymoError, quotePath } from "../../errors.ts";
import { MonitoringDirectory } from "../../files/directory.ts";
import { PROGRAMS_DIRECTORY } from "../../files/names.ts";
import type { CliContext } from "../context.ts";

/**
 * The monitoring directory that the user named.
 *
 * @throws {KymoError} saying "Cannot `action`", if there is no such directory, or what is in it may not
 * be looked at.
 */
export function openMonitoringDirectory(
  path: string,
  action: string,
  { look, runtime: { files } }: Pick<CliContext, "look" | "runtime">,
): MonitoringDirectory {
  const found = look(path);
  if (found === "directory") {
    const directory = new MonitoringDirectory(files, files.resolve(path));
    try {
      files.status(directory.pathOf(PROGRAMS_DIRECTORY));
    } catch (error) {
      throw fileError(`Cannot ${action}`, path, error);
    }
    return directory;
  }
  const [code, reason] = found === "nothing"
    ? ["not-found", "no such directory"] as const
    : ["invalid-argument", "not a directory"] as const;
  throw new KymoError(code, `Cannot ${action}: ${quotePath(path)}: ${reason}`);
}
