/**
 * `.cpuprofile` files: finding, reading and checking them.
 *
 * Their format is `Profiler.Profile` of the Chrome DevTools protocol
 * (https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile).
 *
 * @module
 */

import { fileError, KymoError, quotePath } from "../../errors.ts";
import { fileNameOf, isProfileName, parseProfileFileName } from "../../files/names.ts";
import { followLinks, openRegularFile } from "../../files/regular_file.ts";
import { expandPattern, isPattern } from "../source/file_pattern.ts";
import { failure, type Result, success } from "../../result.ts";
import { type CpuProfile, type CpuProfileNode, type Files, readFully } from "../../runtime.ts";

/** A `.cpuprofile` file. */
export interface ProfileFile {
  /** Its path. */
  readonly path: string;
  /** The process it is of, if its name says so. */
  readonly pid: number | undefined;
  /** Its content. */
  readonly profile: CpuProfile;
}

/** Most bytes of a profile: the length of the longest string of V8, which no file of Kymo nears. */
const MAXIMUM_SIZE = 2 ** 29 - 25;

/**
 * Finds the CPU profiles at some paths: a path of a file is taken as it is, one of a directory
 * stands for all profiles in it, sorted by name. A path that does not exist may be a pattern of
 * either.
 *
 * @throws {KymoError} `"not-found"` if a path does not exist, or a directory or pattern has no
 * profile.
 * @throws {KymoError} `"permission-denied"` or `"io"` if a directory cannot be read.
 */
export function findProfiles(paths: readonly string[], files: Files): string[] {
  return [...new Set(paths.flatMap((path) => profilesAt(path, files)))];
}

function profilesAt(path: string, files: Files): string[] {
  const resolved = files.resolve(path);
  const failed = (why: string): KymoError =>
    new KymoError("not-found", `Cannot read CPU profiles: ${quotePath(path)}: ${why}`);
  try {
    if (files.status(resolved) !== undefined) {
      const found = profilesIn(resolved, files) ?? [resolved];
      if (found.length === 0) throw failed("no .cpuprofile file in it");
      return found;
    }
    const matches = isPattern(path) ? expandPattern(files, resolved) : [];
    if (matches.length === 0) throw failed("no such file or directory");
    const found = matches.flatMap((match) =>
      profilesIn(match, files) ?? (isProfileName(fileNameOf(match)) ? [match] : [])
    );
    if (found.length === 0) throw failed("no .cpuprofile file matches, or is in a directory that does");
    return found;
  } catch (error) {
    if (error instanceof KymoError) throw error;
    throw fileError("Cannot read CPU profiles", path, error);
  }
}

/** The profiles in a directory; `undefined` if something else, which may be no file, is at its path. */
function profilesIn(path: string, files: Files): string[] | undefined {
  const found = followLinks(files, path);
  if (!found.ok || found.value.status.kind !== "directory") return undefined;
  return files.list(path).filter(isProfileName).sort().map((name) => `${path.replace(/\/$/, "")}/${name}`);
}

/**
 * Reads a `.cpuprofile` file.
 *
 * @throws {KymoError} `"not-found"`, `"permission-denied"` or `"io"` if it cannot be read.
 * @throws {KymoError} `"limit-exceeded"` if it is larger than a string can be.
 * @throws {KymoError} `"invalid-data"` if its content is not a CPU profile.
 */
export function readProfile(path: string, files: Files): ProfileFile {
  const action = `Cannot read the CPU profile: ${quotePath(path)}`;
  let text: Result<string, "limit-exceeded">;
  try {
    text = readText(path, files);
  } catch (error) {
    throw fileError("Cannot read the CPU profile", path, error);
  }
  if (!text.ok) throw new KymoError(text.kind, `${action}: ${text.reason}`);
  const profile = checkProfile(text.value);
  if (!profile.ok) throw new KymoError(profile.kind, `${action}: ${profile.reason}`);
  const pid = parseProfileFileName(fileNameOf(path))?.owner.pid;
  return { path, pid, profile: profile.value };
}

function readText(path: string, files: Files): Result<string, "limit-exceeded"> {
  const file = openRegularFile(files, path);
  try {
    const { size } = file.status();
    if (size > MAXIMUM_SIZE) return failure("limit-exceeded", `larger than ${MAXIMUM_SIZE} bytes`);
    const bytes = new Uint8Array(size);
    return success(new TextDecoder().decode(bytes.subarray(0, readFully(file, bytes, 0))));
  } finally {
    file.close();
  }
}

/**
 * Parses the text of a `.cpuprofile` file.
 *
 * @throws {KymoError} `"invalid-data"` if it is not a CPU profile.
 */
export function parseCpuProfile(text: string): CpuProfile {
  const profile = checkProfile(text);
  if (!profile.ok) throw new KymoError(profile.kind, `Cannot parse the CPU profile: ${profile.reason}`);
  return profile.value;
}

function checkProfile(text: string): Result<CpuProfile, "invalid-data"> {
  let profile: unknown;
  try {
    profile = JSON.parse(text);
  } catch {
    return failure("invalid-data", "not JSON, or cut off");
  }
  const { value: damage } = damagesOf(profile).next();
  if (damage !== undefined) return failure("invalid-data", damage);
  const { nodes, startTime, endTime, samples, timeDeltas } = profile as CpuProfile;
  const isSampled = samples !== undefined && timeDeltas !== undefined;
  return success({ nodes, startTime, endTime, ...isSampled ? { samples, timeDeltas } : {} });
}

/** Yields what is wrong with a profile. What is not checked here is not used. */
function* damagesOf(profile: unknown): Generator<string, undefined> {
  if (!isRecord(profile) || !Array.isArray(profile.nodes) || profile.nodes.length === 0) yield "no call tree";
  const { nodes, startTime, endTime, samples, timeDeltas } = profile as unknown as CpuProfile;
  if (!isQuantity(startTime) || !isQuantity(endTime)) yield "no start or end time";
  for (const [index, node] of nodes.entries()) yield* damagesOfNode(node, `node ${index}`);
  yield* damagesOfTree(nodes);
  if (samples === undefined && timeDeltas === undefined) return;
  if (!Array.isArray(samples) || !Array.isArray(timeDeltas)) yield "samples or timeDeltas are missing";
  if (samples!.length !== timeDeltas!.length) yield "samples and timeDeltas differ in length";
  const ids = new Set(nodes.map(({ id }) => id));
  for (const [index, id] of samples!.entries()) {
    if (!ids.has(id)) yield `sample ${index} refers to a missing node`;
    if (!isQuantity(timeDeltas![index]!)) yield `sample ${index} has no time`;
  }
}

function* damagesOfNode(node: unknown, name: string): Generator<string, undefined> {
  if (!isRecord(node) || !Number.isFinite(node.id) || !isRecord(node.callFrame)) yield `${name} has no id or callFrame`;
  const { callFrame, children, hitCount } = node as unknown as CpuProfileNode;
  const { functionName, url, lineNumber, columnNumber } = callFrame;
  if (typeof functionName !== "string" || typeof url !== "string") yield `${name} has no functionName or url`;
  if (!Number.isFinite(lineNumber) || !Number.isFinite(columnNumber)) yield `${name} has no line or column`;
  if (children !== undefined && !Array.isArray(children)) yield `${name} has children that are not an array`;
  if (hitCount !== undefined && !(isQuantity(hitCount) && hitCount >= 0)) yield `${name} has an invalid hitCount`;
}

/** The nodes must be one tree below the first, so that walking it ends. */
function* damagesOfTree(nodes: readonly CpuProfileNode[]): Generator<string, undefined> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  if (byId.size !== nodes.length) yield "two nodes have the same id";
  const reached = new Set([nodes[0]!]);
  for (const { children = [] } of reached) {
    for (const id of children) {
      const child = byId.get(id);
      if (child === undefined) yield `node id ${JSON.stringify(id)} is missing`;
      if (reached.has(child!)) yield `node id ${id} occurs twice in the call tree`;
      reached.add(child!);
    }
  }
  if (reached.size !== nodes.length) yield "the call tree is in pieces";
}

/** Whether a value is finite and exact, such as µs for 285 years: sums and products stay finite. */
function isQuantity(value: number): boolean {
  return Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
