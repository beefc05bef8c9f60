import type { MonitoringDirectory } from "../../files/directory.ts";
import { FileError } from "../../runtime.ts";
import { isRemovableName } from "./directory_count.ts";

/**
 * Removes a file that is beyond the limits of retention. `"gone"`: others have removed it.
 * `"changed"`: it was written since `counted`, ms since 1970, so it is another than was counted.
 * Returns the failure if there is one. A link is not followed, and what is no file stays.
 */
export function removeFile(
  directory: MonitoringDirectory,
  name: string,
  counted: number,
): "removed" | "gone" | "changed" | FileError {
  try {
    if (!isRemovableName(name)) return "changed";
    const { files } = directory;
    const path = directory.pathOf(name);
    const status = files.status(path);
    if (status?.kind !== "file") return "gone";
    if (Math.floor(status.modified) > counted) return "changed";
    files.remove(path);
    return "removed";
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error.code === "ENOENT" ? "gone" : error;
  }
}
