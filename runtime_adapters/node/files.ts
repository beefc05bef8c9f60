import type { Files } from "../../src/runtime.ts";
import { nodeFiles } from "../node_api/files.ts";
import { libcFiles } from "../node_api/libc_files.ts";
import { ffiDenied, openLibc } from "./libc.ts";
import { deniedAt } from "./permissions.ts";

/** What the file system of Node can do, and why not more. */
export interface NodeFiles {
  readonly files: Files;
  /** Why files cannot be locked. */
  readonly unlockable?: string;
  /** Why files cannot be mapped. */
  readonly unmappable?: string;
}

/** Files through `node:fs`; with locks and {@linkcode Files.map} if C functions may be called. */
export function nodeRuntimeFiles(): NodeFiles {
  const noFfi = ffiDenied();
  if (noFfi === undefined) return libcFiles(openLibc, { denied: deniedAt });
  return { files: nodeFiles({ denied: deniedAt }), unlockable: noFfi, unmappable: noFfi };
}
