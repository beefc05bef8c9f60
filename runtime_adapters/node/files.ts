import type { Files, Mapping } from "../../src/runtime.ts";
import { nodeProcess } from "../node_api/builtins.ts";
import { attempt, nodeFiles } from "../node_api/files.ts";
import { tryLock } from "../posix/libc.ts";
import { mapFile, unmappable } from "../posix/mapping.ts";
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
  if (noFfi !== undefined) return { files: nodeFiles({ denied: deniedAt }), unlockable: noFfi, unmappable: noFfi };
  const files = nodeFiles({ denied: deniedAt, tryLock: (fd) => tryLock(openLibc(), fd) });
  const reason = unmappable(nodeProcess().platform);
  return reason === undefined ? { files: { ...files, map } } : { files, unmappable: reason };
}

/** Maps a file through the C library. */
function map(path: string, size: number): Mapping | undefined {
  const libc = openLibc();
  return attempt(() =>
    mapFile(libc, path, size, (address) => {
      const buffer = libc.toArrayBuffer(address, size);
      return {
        buffer,
        unmap: () => {
          if (buffer.detached) return;
          buffer.transfer(0); // before munmap, since reading unmapped memory kills the process
          libc.munmap(address, BigInt(size));
        },
      };
    })
  );
}
