import { release } from "../../files/directory.ts";
import { directoryOf, fileNameOf } from "../../files/names.ts";
import { type ByteSource, type FileHandle, type Files, readFully } from "../../runtime.ts";
import { beginningOf, contentOf } from "./channel_evidence.ts";
import type { FoundFile } from "./found_files.ts";

/** Bytes at the beginning of a file in which its first row is looked for. */
const BEGINNING = 4 * 1024;

/** Bytes that are compared at a time. */
const BLOCK = 256 * 1024;

/** Two files of one directory that were one. */
export interface AlikeFiles<File> {
  /** The one that has fewer rows, or whose name is less Kymo's. */
  readonly file: File;
  readonly other: File;
  /** Whether all of its rows are in the other. Otherwise they only begin alike. */
  readonly isCopy: boolean;
}

/**
 * Finds files that hold the same rows: what `logrotate` leaves while it compresses or copies, and
 * what people keep beside the original. Only files whose names come from one are compared, and of
 * these only those with the same first row are read, byte by byte: one is a copy if the other
 * begins with it. Does not throw; what cannot be read is no copy.
 */
export function findAlike<File extends { readonly found: FoundFile }>(
  files: Files,
  all: readonly File[],
): AlikeFiles<File>[] {
  const origin = ({ found: { path, original } }: File): string => `${directoryOf(path)}/${original}`;
  return [...Map.groupBy(all, origin).values()].filter((group) => group.length > 1).flatMap((group) => {
    const alike = Map.groupBy(group, ({ found: { path } }) => firstRow(beginningOf(files, path, BEGINNING)));
    return [...alike].filter(([row]) => row !== "").flatMap(([_, some]) => alikeAmong(files, some));
  });
}

function alikeAmong<File extends { readonly found: FoundFile }>(
  files: Files,
  some: readonly File[],
): AlikeFiles<File>[] {
  const result: AlikeFiles<File>[] = [];
  let kept: File[] = [];
  for (const file of some.toSorted(closestToOriginal)) {
    let isCopy = false;
    for (const other of kept) {
      const order = isCopy ? "different" : whichBegins(files, file.found, other.found);
      if (order === "first") {
        result.push({ file, other, isCopy: true });
        isCopy = true;
      } else if (order === "second") {
        result.push({ file: other, other: file, isCopy: true });
        kept = kept.filter((one) => one !== other);
      } else if (!isCopy) result.push({ file, other, isCopy: false });
    }
    if (!isCopy) kept.push(file);
  }
  // Of files that a later one contains, nothing else is to be said.
  const copies = new Set(result.filter(({ isCopy }) => isCopy).map(({ file }) => file));
  return result.filter(({ file, other, isCopy }) => isCopy || !copies.has(file) && !copies.has(other));
}

/** Kymo's own name first, then the shorter one: `duration.csv.1` before `duration.csv.1.gz`. */
function closestToOriginal({ found: a }: { found: FoundFile }, { found: b }: { found: FoundFile }): number {
  const rank = ({ path, original }: FoundFile): number => fileNameOf(path) === original ? 0 : path.length;
  return rank(a) - rank(b) || (a.path < b.path ? -1 : 1);
}

/** The line after the header; empty if there is none. */
function firstRow(bytes: Uint8Array): string {
  const [, row = ""] = new TextDecoder("latin1").decode(bytes).split(/\r?\n/, 2);
  return row;
}

/** Which of two files the other begins with: `"first"` also if they are the same. */
function whichBegins(files: Files, first: FoundFile, second: FoundFile): "first" | "second" | "different" {
  const open: FileHandle[] = [];
  const contentAt = ({ path, size }: FoundFile): ByteSource => {
    const handle = files.open(path, "read");
    open.push(handle);
    return upTo(contentOf(handle, size), handle, size);
  };
  try {
    const [one, other] = [contentAt(first), contentAt(second)];
    const [a, b] = [new Uint8Array(BLOCK), new Uint8Array(BLOCK)];
    for (let at = 0;;) {
      const [inA, inB] = [readFully(one, a, at), readFully(other, b, at)];
      const both = Math.min(inA, inB);
      for (let i = 0; i < both; i++) if (a[i] !== b[i]) return "different";
      if (inA <= inB && inA < BLOCK) return "first";
      if (inB < inA) return "second";
      at += both;
    }
  } catch {
    return "different";
  } finally {
    for (const handle of open) release(handle);
  }
}

/** An open file as it was when it was found, though programs may append to it. */
function upTo(content: ByteSource, handle: FileHandle, size: number): ByteSource {
  if (content !== handle) return content;
  return { readAt: (into, at) => at >= size ? 0 : handle.readAt(into.subarray(0, size - at), at) };
}
