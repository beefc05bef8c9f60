import { type FoundSegment, readSegment } from "../segment/reader.ts";
import type { FileHandle } from "../runtime.ts";

/**
 * What the file of a spool holds at this moment, whoever is writing to it, without the rows that `firstOf` says are known; a text says why it
 * cannot be read. May throw a `FileError`.
 */
export function readSpoolFile(handle: FileHandle, firstOf?: (sequence: number) => number): FoundSegment | string {
  const { kind, size } = handle.status();
  if (kind !== "file") return `it is not a file but a ${kind}`;
  return readSegment((into, at) => readFully(handle, into, at), size, firstOf);
}

/** Reads until `into` is full or the file ends, and returns how many bytes there were. */
export function readFully(handle: FileHandle, into: Uint8Array, at: number): number {
  let filled = 0;
  while (filled < into.length) {
    const read = handle.readAt(into.subarray(filled), at + filled);
    if (read === 0) break;
    filled += read;
  }
  return filled;
}
