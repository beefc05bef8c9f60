/**
 * Files that commands write to.
 *
 * @module
 */

import { KymoError, quotePath } from "../../errors.ts";
import type { Files } from "../../runtime.ts";
import type { CliContext } from "../context.ts";

/** A file to write. */
export interface OutputFile {
  /** Path of the file. */
  readonly path: string;
  /** What the command does, for errors. */
  readonly action: string;
  /** Whether any file is replaced. */
  readonly force: boolean;
}

/** The file of a page, and what it is of. */
export interface PageOutput extends OutputFile {
  /** What its title says: a page of another kind is not replaced. */
  readonly kind: "report" | "comparison";
}

/** Bytes at the beginning of a page that hold its title. */
const HEAD_BYTES = 4_096;

/**
 * @throws {KymoError} if the path is empty or a directory, or an existing file that is no page of this
 * kind, without `force`.
 */
export function checkPageOutput(output: PageOutput, { look, runtime }: CliContext): void {
  if (mustStay(output, look)) refuseToOverwrite(output, runtime.files);
}

/** @throws {KymoError} if the path is a directory, or an existing file, without `force`. */
export function checkOutputFile(output: OutputFile, { look }: Pick<CliContext, "look">): void {
  if (!mustStay(output, look)) return;
  throw new KymoError(
    "already-exists",
    `Cannot ${output.action}: ${quotePath(output.path)}: the file exists already (--force replaces it)`,
  );
}

/**
 * Whether there is something at the path that must not be replaced.
 *
 * @throws {KymoError} if it is a directory.
 */
function mustStay({ path, action, force }: OutputFile, look: CliContext["look"]): boolean {
  const found = look(path);
  if (found === "directory") {
    throw new KymoError("invalid-argument", `Cannot ${action}: ${quotePath(path)}: it is a directory`);
  }
  return found !== "nothing" && !force;
}

/** @throws {KymoError} if an existing file is no page of Kymo of this kind. */
function refuseToOverwrite({ path, kind, action }: PageOutput, files: Files): void {
  const resolved = files.resolve(path);
  const refused = new KymoError(
    "already-exists",
    `Cannot ${action}: ${quotePath(path)}: the file exists and is not a ${kind} (--force replaces it)`,
  );
  if (files.status(resolved)?.kind !== "file") throw refused;
  const file = files.open(resolved, "read");
  try {
    const bytes = new Uint8Array(HEAD_BYTES);
    const beginning = new TextDecoder().decode(bytes.subarray(0, file.readAt(bytes, 0)));
    const isPage = new RegExp(`<title>[^<]*Kymo ${kind}</title>`).test(beginning);
    if (file.status().size > 0 && !isPage) throw refused;
  } finally {
    file.close();
  }
}
