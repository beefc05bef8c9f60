import type { Files, Mapping } from "../../src/runtime.ts";
import { tryLock } from "../posix/libc.ts";
import { mapFile, type MappingCalls, unmappable } from "../posix/mapping.ts";
import { nodeProcess } from "./builtins.ts";
import { attempt, type FileExtras, nodeFiles } from "./files.ts";

/** What locking and mapping need of the C library. */
export interface FileLibc extends MappingCalls {
  /**
   * An array buffer over mapped memory.
   *
   * @throws {Error} if no buffer can be made; then the memory stays mapped.
   */
  toArrayBuffer(address: bigint, size: number): ArrayBuffer;
  /** Whether the memory is unmapped when its buffer is detached. */
  readonly unmapsDetached: boolean;
}

/**
 * Files through `node:fs`, with flock(2) of the C library, and with {@linkcode Files.map} or the
 * reason why files cannot be mapped.
 *
 * @param openLibc Opens the C library at its first call.
 */
export function libcFiles(
  openLibc: () => FileLibc,
  extras: Omit<FileExtras, "tryLock"> = {},
): { readonly files: Files; readonly unmappable?: string } {
  const files = nodeFiles({ ...extras, tryLock: (fd) => tryLock(openLibc(), fd) });
  const reason = unmappable(nodeProcess().platform);
  if (reason !== undefined) return { files, unmappable: reason };
  return { files: { ...files, map: (path, size) => map(openLibc(), path, size) } };
}

function map(libc: FileLibc, path: string, size: number): Mapping | undefined {
  return attempt(() =>
    mapFile(libc, path, size, (address) => {
      const buffer = libc.toArrayBuffer(address, size);
      return {
        buffer,
        unmap: () => {
          if (buffer.detached) return;
          buffer.transfer(0); // before munmap, since reading unmapped memory kills the process
          if (!libc.unmapsDetached) libc.munmap(address, BigInt(size));
        },
      };
    })
  );
}
