import { assert } from "@std/assert";
import { readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { detect } from "../../../runtime_adapters/detect.ts";
import type { Mapping } from "../../../src/runtime.ts";

const { files, name } = detect(globalThis);

/** Why a test of locks or mappings is skipped: plain Node has none. */
export const skip: string | false = name === "node" && !files.locks
  ? "only on Deno and Bun, and on Node with --experimental-ffi"
  : false;

/** Size of the files that are mapped, bytes. */
export const SIZE = 65_536;

/** Maps a file that is not locked. */
export function map(path: string, size: number = SIZE): Mapping {
  const mapping = files.map!(path, size);
  assert(mapping !== undefined, "another open file holds its lock");
  return mapping;
}

/** Whether the lock of a file is free. */
export function isFree(path: string): boolean {
  const handle = files.open(path);
  try {
    return handle.tryLock!();
  } finally {
    handle.close();
  }
}

/** Number of mappings and descriptors that this process has in a directory. */
export function held(directory: string): { mappings: number; descriptors: number } {
  const real = realpathSync(directory);
  const mappings = readFileSync("/proc/self/maps", "utf8").split("\n").filter((line) => line.includes(real));
  const descriptors = readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(real);
    } catch {
      return false; // the one that read the directory is closed already
    }
  });
  return { mappings: mappings.length, descriptors: descriptors.length };
}

/** Result of {@linkcode held} for an unused directory. */
export const NOTHING = { mappings: 0, descriptors: 0 };
