import type { Files, Mapping } from "../../src/runtime.ts";
import { nodeProcess } from "../node_api/builtins.ts";
import { attempt, nodeFiles } from "../node_api/files.ts";
import { tryLock } from "../posix/libc.ts";
import { mapFile, unmappable } from "../posix/mapping.ts";
import { openLibc } from "./libc.ts";

/** Maps a file through the C library. The mapping ends with its isolate at the latest. */
function map(path: string, size: number): Mapping | undefined {
  const libc = openLibc();
  return attempt(() =>
    mapFile(libc, path, size, (address) => {
      const buffer = libc.toArrayBuffer(address, size);
      return {
        buffer,
        unmap: () => {
          if (!buffer.detached) buffer.transfer(0);
        },
      };
    })
  );
}

/**
 * Files through `node:fs`, since Bun's own file API has no synchronous writes, with flock(2) through
 * `bun:ffi`, and {@linkcode Files.map}, or the reason why files cannot be mapped.
 */
export function bunFiles(): { readonly files: Files; readonly unmappable?: string } {
  const files = nodeFiles({ tryLock: (fd) => tryLock(openLibc(), fd) });
  const reason = unmappable(nodeProcess().platform);
  return reason === undefined ? { files: { ...files, map } } : { files, unmappable: reason };
}
