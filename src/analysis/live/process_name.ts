import { release } from "../../files/directory.ts";
import { failure, type Result, success } from "../../result.ts";
import { FileError, type Files, readFully } from "../../runtime.ts";

/** Where Linux lists processes. */
const PROCESSES = "/proc";

/** More than the longest name that Linux keeps, bytes. */
const NAME_BYTES = 64;

/** The name of a process in the operating system, such as `deno` or `bun`. */
export function processName(files: Files, pid: number): Result<string, "no-process" | "unknown"> {
  try {
    if (files.denied(PROCESSES) !== undefined || files.status(`${PROCESSES}/self`) === undefined) {
      return failure("unknown", `${PROCESSES} cannot be read`);
    }
    const path = `${PROCESSES}/${pid}/comm`;
    if (files.status(path) === undefined) return failure("no-process", `there is no process with the PID ${pid}`);
    const handle = files.open(path, "read");
    try {
      const bytes = new Uint8Array(NAME_BYTES);
      return success(new TextDecoder().decode(bytes.subarray(0, readFully(handle, bytes, 0))).trim());
    } finally {
      release(handle);
    }
  } catch (error) {
    if (error instanceof FileError) return failure("unknown", error.message);
    throw error;
  }
}
