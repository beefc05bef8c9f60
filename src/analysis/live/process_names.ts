import { FileError, type Files } from "../../runtime.ts";
import { readFully, release } from "../../files/directory.ts";

/** Where Linux tells of processes. */
const PROCESSES = "/proc";

/** Longer than a name that Linux keeps. */
const NAME_BYTES = 64;

/** What the system calls the process of a PID, such as `deno` or `bun`; `"gone"` in words if there is none, `undefined` if it does not tell. */
export function processName(files: Files, pid: number): { readonly name: string } | "gone" | undefined {
  try {
    if (files.denied(PROCESSES) !== undefined || files.status(`${PROCESSES}/self`) === undefined) return undefined;
    const path = `${PROCESSES}/${pid}/comm`;
    if (files.status(path) === undefined) return "gone";
    const handle = files.open(path, "read");
    try {
      const bytes = new Uint8Array(NAME_BYTES);
      return { name: new TextDecoder().decode(bytes.subarray(0, readFully(handle, bytes, 0))).trim() };
    } finally {
      release(handle);
    }
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}
