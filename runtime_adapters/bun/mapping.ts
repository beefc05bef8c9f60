import type { Mapping } from "../../src/runtime.ts";
import { mapFile } from "../posix/mapping.ts";
import { attempt } from "./files.ts";
import { openLibc } from "./libc.ts";

/** Maps a file through the C library; what is not unmapped goes with its isolate. */
export function map(path: string, size: number): Mapping | undefined {
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
