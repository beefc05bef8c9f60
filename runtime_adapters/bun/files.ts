import { libcFiles } from "../node_api/libc_files.ts";
import { listingCalls, openLibc } from "./libc.ts";

/**
 * Files through `node:fs`, since Bun's own file API has no synchronous writes, and the C library
 * through `bun:ffi`. A mapping ends with its isolate at the latest.
 */
export function bunFiles(): ReturnType<typeof libcFiles> {
  return libcFiles(openLibc, { listingCalls });
}
