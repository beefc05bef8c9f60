import { firstTimepoint } from "../../csv/outer_rows.ts";
import { beginsWithHeader } from "../../files/append_file.ts";
import type { ByteSource, FileStatus } from "../../runtime.ts";
import type { FoundFile } from "./found_file.ts";
import type { Piece, PieceEntry, PieceReader } from "./piece.ts";
import type { RowOwners } from "./row_owners.ts";

/**
 * What is found in a file, from its beginning on:
 *
 * - `"there"`: the store has these rows.
 * - `"new"`: it does not.
 * - `"other"`: it has something else under their name.
 * - `"refused"`: the file is not what its name says.
 * - `"torn"`: after the last whole row there is something else, which nobody will complete.
 */
export type FoundPiece =
  | { readonly kind: "there"; readonly piece: PieceEntry }
  | { readonly kind: "new" | "other"; readonly piece: Piece }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "torn" };

/**
 * Goes through a file, piece by piece, beside the entries that the ledger has of its stem. Where it
 * yields a promise the caller has to await that before it goes on: most files are so small that
 * there is none, and neither a promise nor an asynchronous generator for each.
 *
 * @throws {FileError}
 */
export function* filePieces(
  file: FoundFile,
  handle: ByteSource,
  { size }: Pick<FileStatus, "size">,
  entries: readonly PieceEntry[],
  owners: RowOwners,
  reader: PieceReader,
): Generator<FoundPiece | Promise<void>, void> {
  const isForeign = file.kind === "foreign";
  if (size === 0) return;
  if (!beginsWithHeader(handle, size)) {
    if (!isForeign) yield { kind: "refused", reason: "it does not begin with Kymo's header" };
    return;
  }
  const { name, stem, channel, owner } = file;
  const common = { stem, file: name, channel, size, owner: owners.of(owner) };
  let began: bigint | undefined;
  for (let [offset, firstRow] = [0, 0]; offset < size;) {
    const entry = entries.find((one) => one.firstRow === firstRow);
    const has = entry && reader.has(handle, offset, entry);
    const found = has instanceof Promise ? yield* awaited(has) : has;
    if (found === "short") return yield { kind: "there", piece: entry! };
    if (found === "same") {
      yield { kind: "there", piece: entry! };
      offset += entry!.bytes;
      firstRow += entry!.rows;
      continue;
    }
    if (offset > 0) began ??= firstTimepoint(handle, size);
    const cut = reader.cut(handle, { ...common, firstRow, offset, began });
    const piece = cut instanceof Promise ? yield* awaited(cut) : cut;
    if (piece === undefined || piece.rows === 0) {
      const isEmpty = piece !== undefined && piece.damaged === 0;
      if (!isEmpty && !isForeign) yield { kind: "torn" };
      return;
    }
    if (found === "other") return yield { kind: "other", piece };
    ({ began } = piece);
    yield { kind: "new", piece };
    offset += piece.bytes;
    firstRow += piece.rows;
  }
}

/** What `result` will be. */
function* awaited<T>(result: Promise<T>): Generator<Promise<void>, T> {
  const there: { value?: T } = {};
  yield result.then((value) => void (there.value = value));
  return there.value!;
}
