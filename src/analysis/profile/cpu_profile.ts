/**
 * Reading the `.cpuprofile` format, as V8 writes it and as others do.
 *
 * The format is `Profiler.Profile` of the Chrome DevTools protocol
 * (https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile). A file that
 * departs from it is read as far as it goes, and {@linkcode ReadCpuProfile.assumed} says what was
 * assumed. A file that contradicts itself (ids that occur twice or are missing, a call tree with a
 * circle, numbers that are none) is refused.
 *
 * @module
 */

import { counted } from "../../display/numbers.ts";
import { KymoError } from "../../errors.ts";
import { profileFacts } from "../../profiling/cpu_profile_file.ts";
import { ownModuleTest } from "../../profiling/own_modules.ts";
import { failure, type Result, success } from "../../result.ts";
import type { CpuProfile, CpuProfileNode } from "../../runtime.ts";
import { markIdleGaps } from "./idle_gaps.ts";
import { foldOwnFrames } from "./own_frames.ts";

/** A profile that was read, in the form in which V8 writes it: the first node is the root. */
export interface ReadCpuProfile extends CpuProfile {
  /** Start on the wall clock, ns since 1970; `undefined` if the file does not say. */
  readonly startedAt: bigint | undefined;
  /** What was assumed because the file does not say it: clauses such as "it has no …". */
  readonly assumed: readonly string[];
}

/**
 * Parses the text of a `.cpuprofile` file. Frames of Kymo itself are folded into a function
 * `(kymo)`.
 *
 * @throws {KymoError} `"invalid-data"` if it is not a CPU profile.
 */
export function parseCpuProfile(text: string): ReadCpuProfile {
  const profile = readCpuProfile(text);
  if (!profile.ok) throw new KymoError(profile.kind, `Cannot parse the CPU profile: ${profile.reason}`);
  return profile.value;
}

/**
 * When the first of some profiles began and the last ended on the wall clock, ns since 1970;
 * `undefined` if any of them does not say when it began.
 */
export function wallTimeOf(
  profiles: readonly ReadCpuProfile[],
): { readonly first: bigint; readonly last: bigint } | undefined {
  let range: { first: bigint; last: bigint } | undefined;
  for (const { startedAt, startTime, endTime } of profiles) {
    if (startedAt === undefined) return undefined;
    const ended = startedAt + BigInt(Math.round(Math.max(0, endTime - startTime) * 1000)); // µs to ns
    if (range === undefined) range = { first: startedAt, last: ended };
    if (startedAt < range.first) range.first = startedAt;
    if (ended > range.last) range.last = ended;
  }
  return range;
}

/** The same with a failure as a result. */
export function readCpuProfile(text: string): Result<ReadCpuProfile, "invalid-data"> {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return failure("invalid-data", "not JSON, or cut off");
  }
  const assumed: string[] = [];
  let profile: CpuProfile;
  try {
    profile = profileIn(file, assumed);
  } catch (error) {
    if (error instanceof Damage) return failure("invalid-data", error.message);
    throw error;
  }
  const { startedAt, modules } = profileFacts(file);
  const marked = markIdleGaps(profile);
  if (marked !== undefined) assumed.push(marked.assumed);
  return success({ ...foldOwnFrames(marked?.profile ?? profile, ownModuleTest(modules)), startedAt, assumed });
}

/** Why a file is not a CPU profile. */
class Damage extends Error {}

/** A node as a file has it, with the id of its caller if the file has that instead of callees. */
interface FileNode extends Omit<CpuProfileNode, "children"> {
  readonly children: readonly number[];
  readonly parent: number | undefined;
}

function profileIn(file: unknown, assumed: string[]): CpuProfile {
  if (!isRecord(file) || !Array.isArray(file.nodes) || file.nodes.length === 0) throw new Damage("no call tree");
  const fileNodes = file.nodes.map((node, index) => nodeIn(node, `node ${index}`));
  const without = fileNodes.filter(({ isPlaced }) => !isPlaced).length;
  if (without > 0) {
    assumed.push(
      `name, URL, line or column are unknown for ${without} of its ${fileNodes.length} nodes`,
    );
  }
  const nodes = rootFirst(withChildren(fileNodes.map(({ node }) => node), assumed), assumed);
  return { nodes, ...timesIn(file, nodes, assumed) };
}

function nodeIn(node: unknown, name: string): { readonly node: FileNode; readonly isPlaced: boolean } {
  if (!isRecord(node) || !Number.isFinite(node.id) || !isRecord(node.callFrame)) {
    throw new Damage(`${name} has no id or callFrame`);
  }
  const { id, callFrame, children = [], hitCount, parent } = node;
  const { functionName = "", url = "", scriptId = "0", lineNumber = -1, columnNumber = -1 } = callFrame;
  if (typeof functionName !== "string" || typeof url !== "string") {
    throw new Damage(`${name} has a functionName or url that is not a text`);
  }
  if (!Number.isFinite(lineNumber) || !Number.isFinite(columnNumber)) {
    throw new Damage(`${name} has a line or column that is not a number`);
  }
  if (!Array.isArray(children)) throw new Damage(`${name} has children that are not an array`);
  if (hitCount !== undefined && !(isQuantity(hitCount) && hitCount >= 0)) {
    throw new Damage(`${name} has an invalid hitCount`);
  }
  const frame = { functionName, scriptId: String(scriptId), url };
  return {
    node: {
      id: id as number,
      callFrame: { ...frame, lineNumber: lineNumber as number, columnNumber: columnNumber as number },
      ...hitCount === undefined ? {} : { hitCount },
      children,
      parent: typeof parent === "number" ? parent : undefined,
    },
    isPlaced: ["functionName", "url", "lineNumber", "columnNumber"].every((key) => key in callFrame),
  };
}

/** The nodes with their callees; each node has at most one caller, and all ids are of nodes. */
function withChildren(nodes: readonly FileNode[], assumed: string[]): CpuProfileNode[] {
  const ids = new Set(nodes.map(({ id }) => id));
  if (ids.size !== nodes.length) throw new Damage("two nodes have the same id");
  const check = (id: number): void => {
    if (!ids.has(id)) throw new Damage(`node id ${JSON.stringify(id)} is missing`);
  };
  const hasParents = nodes.some(({ parent }) => parent !== undefined);
  if (hasParents && nodes.every(({ children }) => children.length === 0)) {
    assumed.push("its nodes name their callers instead of their callees");
    const callees = new Map<number, number[]>();
    for (const { id, parent } of nodes) {
      if (parent === undefined) continue;
      check(parent);
      const known = callees.get(parent);
      if (known === undefined) callees.set(parent, [id]);
      else known.push(id);
    }
    return nodes.map(({ parent: _, ...node }) => ({ ...node, children: callees.get(node.id) ?? [] }));
  }
  const called = new Set<number>();
  for (const { children } of nodes) {
    for (const id of children) {
      check(id);
      if (called.has(id)) throw new Damage(`node id ${id} occurs twice in the call tree`);
      called.add(id);
    }
  }
  return nodes.map(({ parent: _, ...node }) => node);
}

/**
 * The nodes with the root first, below which all others are, so that walking the tree ends. Nodes
 * that nothing calls are taken as called by the root, which is made if there is none.
 */
function rootFirst(nodes: readonly CpuProfileNode[], assumed: string[]): CpuProfileNode[] {
  const called = new Set(nodes.flatMap(({ children = [] }) => children));
  const tops = nodes.filter(({ id }) => !called.has(id));
  const found = tops.find(({ callFrame: { functionName, url, lineNumber } }) =>
    functionName === "(root)" && (url === "" || lineNumber < 0)
  );
  const others = tops.filter((node) => node !== found);
  if (found === undefined && others.length > 0) assumed.push("it has no root: what nothing calls is called by one");
  else if (others.length > 0) assumed.push(`its root calls ${others.length} nodes that nothing else calls`);
  const root: CpuProfileNode = {
    ...found ?? { id: freeId(nodes), callFrame: ROOT },
    children: [...found?.children ?? [], ...others.map(({ id }) => id)],
  };
  const ordered = [root, ...nodes.filter((node) => node !== found)];
  const byId = new Map(ordered.map((node) => [node.id, node]));
  const reached = [root];
  for (const { children = [] } of reached) {
    for (const id of children) reached.push(byId.get(id)!);
  }
  if (reached.length !== ordered.length) throw new Damage("the call tree has a circle");
  return ordered;
}

const ROOT = { functionName: "(root)", scriptId: "0", url: "", lineNumber: -1, columnNumber: -1 };

/** An id that no node has. */
function freeId(nodes: readonly CpuProfileNode[]): number {
  const ids = new Set(nodes.map(({ id }) => id));
  let id = 0;
  while (ids.has(id)) id++;
  return id;
}

type Times = Pick<CpuProfile, "startTime" | "endTime" | "samples" | "timeDeltas">;

function timesIn(file: Record<string, unknown>, nodes: readonly CpuProfileNode[], assumed: string[]): Times {
  const { startTime, endTime } = file;
  if (!isQuantity(startTime) || !isQuantity(endTime)) throw new Damage("no start or end time");
  const samples = listIn(file, "samples");
  const timeDeltas = listIn(file, "timeDeltas");
  if (samples === undefined) {
    assumed.push("it has no samples: its time is shared out by the counts of its nodes");
    return { startTime, endTime };
  }
  const ids = new Set<unknown>(nodes.map(({ id }) => id));
  const missing = samples.findIndex((id) => !ids.has(id));
  if (missing >= 0) throw new Damage(`sample ${missing} refers to a missing node`);
  if (timeDeltas === undefined) {
    assumed.push("its samples have no times: they are taken to be at equal distances");
    const distance = Math.max(0, endTime - startTime) / Math.max(1, samples.length);
    return {
      startTime,
      endTime,
      samples: samples as number[],
      timeDeltas: samples.map((_, i) => i === 0 ? 0 : distance),
    };
  }
  const untimed = timeDeltas.findIndex((delta) => !isQuantity(delta));
  if (untimed >= 0) throw new Damage(`sample ${untimed} has no time`);
  const length = Math.min(samples.length, timeDeltas.length);
  if (samples.length !== timeDeltas.length) {
    const rest = Math.abs(samples.length - timeDeltas.length);
    const left = samples.length > length ? "sample" : "time";
    assumed.push(
      `it has ${samples.length} samples and ${timeDeltas.length} times: without the last ${counted(rest, left)}`,
    );
  }
  return {
    startTime,
    endTime,
    samples: samples.slice(0, length) as number[],
    timeDeltas: timeDeltas.slice(0, length) as number[],
  };
}

function listIn(file: Record<string, unknown>, key: string): unknown[] | undefined {
  const list = file[key];
  if (list === undefined || list === null) return undefined;
  if (!Array.isArray(list)) throw new Damage(`${key} is not an array`);
  return list;
}

/** Whether a value is finite and exact, such as µs for 285 years: sums and products stay finite. */
function isQuantity(value: unknown): value is number {
  return Number.isFinite(value) && Math.abs(value as number) <= Number.MAX_SAFE_INTEGER;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
