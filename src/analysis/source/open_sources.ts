import { type CompactedFile, readCompactedFiles } from "../compacted/compacted_files.ts";
import { Coverage } from "../compacted/coverage.ts";
import { directoryOf, fileNameOf, parseCompactedFileName } from "../../files/names.ts";
import { type ReportUnreadable, type SpoolRows, SpoolSnapshot } from "../../files/snapshot.ts";
import type { Files } from "../../runtime.ts";
import { ChannelEvidence } from "./channel_evidence.ts";
import { CheckedFile } from "./checked_file.ts";
import { findAlike } from "./copies.ts";
import { readCsvName } from "./file_names.ts";
import { findFile, findPlaces, hasContent, reportingPath } from "./found_files.ts";
import { type ListedPlaces, listPlaces } from "./listed_places.ts";
import { type CopiedFile, Problems } from "./reading_report.ts";
import { ReopenedSources, type Sources } from "./reopened_sources.ts";
import { CheckedSources, type SourceDeps } from "./sources.ts";
import { findOutside, type TimeBounds } from "./time_window.ts";

/**
 * Opens monitoring directories, CSV files, and patterns of them.
 *
 * The spools of monitoring directories are read too, whether their programs live or not; see
 * {@linkcode SpoolSnapshot} for the guarantees. Takes no locks and writes nothing.
 *
 * @throws {KymoError} if a file or directory does not exist or cannot be read.
 */
export async function openSources(
  source: string | readonly string[],
  deps: SourceDeps,
  bounds: TimeBounds = {},
): Promise<Sources> {
  const { files } = deps;
  const all = typeof source === "string" ? [source] : source;
  const unreadable: Parameters<ReportUnreadable>[] = [];
  const snapshots = new Map<string, SpoolSnapshot>();
  for (const { path, kind } of findPlaces(all, files)) {
    if (kind !== "directory" || snapshots.has(path)) continue;
    const take = (): SpoolSnapshot | undefined =>
      SpoolSnapshot.take(files, path, (...problem) => unreadable.push(problem));
    const snapshot = reportingPath(path, take);
    if (snapshot !== undefined) snapshots.set(path, snapshot);
  }
  const list = (): ListedPlaces => listPlaces(all, files);
  const listed = list();
  const open = async (compacted: readonly string[]): Promise<CheckedSources> => {
    const problems = new Problems();
    for (const [file, rows, why] of unreadable) problems.add(file, 0, rows, why);
    return await openListed({ ...listed, compacted }, snapshots, problems, deps, bounds);
  };
  return await ReopenedSources.open(listed, { list, open });
}

/** Opens what was listed. Files that are gone by now are left out. */
async function openListed(
  { places, names: listed, compacted: compactedPaths }: ListedPlaces,
  snapshots: ReadonlyMap<string, SpoolSnapshot>,
  problems: Problems,
  deps: SourceDeps,
  bounds: TimeBounds,
): Promise<CheckedSources> {
  const { files, connection } = deps;
  const found = new Map<string, CheckedFile>();
  const spoolRows = new Map<string, SpoolRows>();
  const evidence = new ChannelEvidence(files);
  const report = (path: string, why: string): void => problems.add(path, 0, 0, why);
  const valid = await readCompactedFiles(compactedPaths, { connection, files, bounds, report });
  const coverages = new Map<string, Coverage>();
  for (const [directory, some] of Map.groupBy(valid, ({ path }) => directoryOf(path))) {
    coverages.set(directory, new Coverage(files, some));
  }
  const isCovered = async (path: string): Promise<boolean> =>
    await coverages.get(directoryOf(path))?.covers(fileNameOf(path), path) ?? false;

  let hasLost = compactedPaths.some((path) => isGone(files, path));
  const add = async (path: string, bound?: number): Promise<void> => {
    if (found.has(path) || coverages.size > 0 && await isCovered(path)) return;
    const file = findFile(files, path, evidence);
    if (file.ok) {
      found.set(path, new CheckedFile(file.value, bound));
    } else if (file.kind === "unreadable") {
      problems.add(path, 0, 0, file.reason);
    } else hasLost = true;
  };
  for (const { path, kind } of places) {
    if (kind === "file") {
      if (parseCompactedFileName(fileNameOf(path)) === undefined) await add(path);
      continue;
    }
    const snapshot = snapshots.get(path);
    const { csvs, doubtful } = listed.get(path) ?? { csvs: [], doubtful: [] };
    const names = csvs.filter((name) => snapshot?.includes(name) ?? true);
    for (const name of names) await add(`${path}/${name}`, snapshot?.bounds.get(`${path}/${name}`));
    if (snapshot !== undefined) {
      const originals = names.map((name) => readCsvName(name).original);
      const inputs = coverages.get(path)?.names ?? [];
      for (const rows of snapshot.rowsBeside([...originals, ...inputs])) spoolRows.set(rows.path, rows);
    }
    for (const name of doubtful) {
      if (hasContent(files, `${path}/${name}`)) problems.add(`${path}/${name}`, 0, 0, DOUBTFUL);
    }
  }
  const compacted: CompactedFile[] = [];
  for (const file of valid) if (!await isCovered(file.path)) compacted.push(file);
  for (const file of findOutside(files, [...found.values()], bounds)) file.mode = "out";
  const copies = leaveOutCopies(files, [...found.values()], problems);
  const directories = places.map(({ path, kind }) => kind === "directory" ? path : directoryOf(path));
  const all = { csvs: [...found.values()], compacted, hasLost };
  const sources = new CheckedSources(deps, all, { problems, copies }, [...new Set(directories)]);
  await sources.begin([...spoolRows.values()]);
  return sources;
}

function isGone(files: Files, path: string): boolean {
  try {
    return files.status(path) === undefined;
  } catch {
    return false;
  }
}

/** Why a file is not read whose name does not tell what it is. */
const DOUBTFUL = "its name is that of no recording, rotated or not: name the file itself to read it";

/** Leaves out files all of whose rows are in others, and notes those that only begin alike. */
function leaveOutCopies(files: Files, all: readonly CheckedFile[], problems: Problems): CopiedFile[] {
  const alike = findAlike(files, all.filter(({ mode }) => mode !== "out"));
  return alike.flatMap(({ file, other, isCopy }) => {
    const { path } = file.found;
    if (isCopy) {
      file.mode = "out";
      return [{ file: path, of: other.found.path }];
    }
    const name = fileNameOf(other.found.path);
    problems.add(path, 0, 0, `it begins as ${name} does, and then differs: what is in both counts twice`);
    return [];
  });
}
