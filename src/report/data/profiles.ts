/**
 * The CPU profiles of a report, and their flame graphs.
 *
 * @module
 */

import { type CallNode, callTree, placeOf } from "../../analysis/profile/call_tree.ts";
import { type ReadCpuProfile, wallTimeOf } from "../../analysis/profile/cpu_profile.ts";
import {
  findHeapProfiles,
  findProfiles,
  type HeapProfileFile,
  isSelected,
  type ProfileFile,
  type ProfileSelection,
  readHeapProfileFile,
  readProfile,
} from "../../analysis/profile/profile_files.ts";
import { isProfileName } from "../../analysis/source/file_names.ts";
import { reason } from "../../errors.ts";
import { fileNameOf, type ProcessId, processKey } from "../../files/names.ts";
import type { Files } from "../../runtime.ts";
import type { FlameNode, HeapProfileData, ProfileData } from "../shared/report_data.ts";
import { MAX_FLAME_NODES, toDigits } from "./size_plan.ts";

/** CPU profiles that were found. */
export interface Profiles {
  readonly profiles: readonly FoundProfile[];
  readonly heapProfiles: readonly FoundHeapProfile[];
  /** The files that could not be read, and why, one sentence each. */
  readonly problems: readonly string[];
}

/** Most assumptions that a profile comes with. */
const MAX_ASSUMED = 5;

/** A CPU profile before it is known which of the report's processes it is of. */
export interface FoundProfile extends Omit<ProfileData, "process" | "moments" | "slow"> {
  /** The process, if the name of its file says so. */
  readonly of: ProcessId | undefined;
  /** Its samples in order of time, if its files say when they were taken. */
  readonly samples?: ProfileSamples;
}

/** A heap profile before it is known which of the report's processes it is of. */
export interface FoundHeapProfile extends Omit<HeapProfileData, "process"> {
  /** The process, if the name of its file says so. */
  readonly of: ProcessId | undefined;
}

/** The node of samples in which nothing ran. */
export const IDLE = -1;

/** Samples in order of time; the same index is the same sample. */
export interface ProfileSamples {
  /** When each was taken, epoch ns less this. */
  readonly from: bigint;
  readonly at: Float64Array;
  /** For how long it lasted, seconds. */
  readonly seconds: Float64Array;
  /** The node of the flame graph, depth first, or {@linkcode IDLE}. */
  readonly nodes: Int32Array;
}

/**
 * Reads the CPU profiles in the directories among `sources`, and merges those of one process,
 * which is a PID and an isolate. Only those of the processes that are selected.
 */
export function readProfiles(sources: readonly string[], files: Files, selection: ProfileSelection = {}): Profiles {
  const read: ProfileFile[] = [];
  const problems: string[] = [];
  for (const path of new Set(sources.flatMap((source) => profilesIn(source, files)))) {
    try {
      const file = readProfile(path, files);
      if (isSelected(file, selection)) read.push(file);
    } catch (error) {
      problems.push(reason(error));
    }
  }
  const groups = [
    ...Map.groupBy(read, ({ path, process }) => process === undefined ? path : processKey(process)).values(),
  ];
  const maxNodes = Math.floor(MAX_FLAME_NODES / Math.max(1, groups.length));
  const profiles = groups.map(([first, ...more]): FoundProfile => {
    const { path, process: of } = first!;
    const name = fileNameOf(path);
    const all = [first!, ...more].map(({ profile }) => profile);
    const time = wallTimeOf(all);
    const { tree, samples } = flameTree(all, of === undefined ? name : `PID ${of.pid}`, maxNodes);
    return {
      name: more.length === 0 ? name : `${name} and ${more.length} more`,
      of,
      duration: all.reduce((sum, { startTime, endTime }) => sum + (endTime - startTime) / 1e6, 0),
      time: time && { from: time.first.toString(), to: time.last.toString() },
      assumed: [...new Set(all.flatMap(({ assumed }) => assumed))].slice(0, MAX_ASSUMED),
      tree,
      ...samples === undefined ? {} : { samples },
    };
  });
  const heapProfiles = readHeapProfiles(sources, files, selection, problems);
  return {
    profiles: profiles.sort((a, b) => (a.of?.pid ?? Infinity) - (b.of?.pid ?? Infinity)),
    heapProfiles,
    problems,
  };
}

/** Most heap profiles, the latest ones, and functions in all of them together. */
const MAX_HEAP_PROFILES = 10;
const MAX_HEAP_NODES = 4_000;

/** Reads the heap profiles, one by one: each is of a moment. What cannot be read is added to `problems`. */
function readHeapProfiles(
  sources: readonly string[],
  files: Files,
  selection: ProfileSelection,
  problems: string[],
): FoundHeapProfile[] {
  const read: HeapProfileFile[] = [];
  for (const path of new Set(sources.flatMap((source) => heapProfilesIn(source, files)))) {
    try {
      const file = readHeapProfileFile(path, files);
      if (isSelected(file, selection)) read.push(file);
    } catch (error) {
      problems.push(reason(error));
    }
  }
  const shown = read.slice(-MAX_HEAP_PROFILES);
  if (shown.length < read.length) {
    problems.push(`${read.length - shown.length} of ${read.length} heap profiles are not shown: there are too many`);
  }
  return shown.map(({ path, process: of, profile }) => {
    const name = fileNameOf(path);
    const called = of === undefined ? name : `PID ${of.pid}`;
    const { tree } = flameTree(
      [{ ...profile, startedAt: undefined, assumed: [] }],
      called,
      MAX_HEAP_NODES / shown.length,
    );
    return { name, of, tree };
  });
}

function heapProfilesIn(source: string, files: Files): string[] {
  try {
    return findHeapProfiles(source, files);
  } catch {
    return []; // A source that cannot be read has been reported when its rows were read.
  }
}

/** Returns the paths of the profiles in a source, if it is a directory that has any. */
function profilesIn(source: string, files: Files): string[] {
  try {
    return findProfiles([source], files).filter((path) => isProfileName(fileNameOf(path)));
  } catch {
    return []; // A source that cannot be read has been reported when its rows were read.
  }
}

/** Functions that take a smaller share of the whole are too narrow to be seen. */
const MIN_SHARE = 0.001;

/** Calls deeper than this are not drawn: endless recursion is. */
const MAX_DEPTH = 300;

/**
 * Merges the call trees of some profiles into one with the given name, without idle time and
 * without calls too short to be seen. Besides the root it has at most `maxNodes` nodes.
 */
export function flameTree(
  profiles: readonly ReadCpuProfile[],
  name: string,
  maxNodes: number,
): { readonly tree: FlameNode; readonly samples?: ProfileSamples } {
  const sampled: { node: CallNode; at: number; seconds: number }[] = [];
  const from = wallTimeOf(profiles)?.first;
  // Profiles without samples, or without a start, have no moments.
  const isTimed = from !== undefined && profiles.every(({ samples }) => samples !== undefined);
  const root = callTree(profiles, isTimed ? takeSample : undefined);
  function takeSample(index: number, node: CallNode, time: number, seconds: number): void {
    const { startedAt, startTime } = profiles[index]!;
    sampled.push({ node, at: Number(startedAt! - from!) + (time - startTime) * 1000, seconds });
  }
  const children = root.children.filter((child) => child.function.kind !== "idle");
  const total = children.reduce((sum, child) => sum + child.total, 0);
  let minSeconds = MIN_SHARE * total;
  while (countNodes(children, minSeconds, 1) > maxNodes) minSeconds *= 1.5;
  const places = new Map<CallNode, number>([[root, IDLE]]);
  const { self, nodes } = prune({ self: 0, children }, { minSeconds, depth: 1, place: 0, places, count: { value: 0 } });
  const tree = { name, place: "", self, total: toDigits(5, total), children: nodes };
  return isTimed ? { tree, samples: inOrder(from, sampled, places) } : { tree };
}

function inOrder(
  from: bigint,
  sampled: { readonly node: CallNode; readonly at: number; readonly seconds: number }[],
  places: ReadonlyMap<CallNode, number>,
): ProfileSamples {
  sampled.sort((a, b) => a.at - b.at);
  return {
    from,
    at: Float64Array.from(sampled, ({ at }) => at),
    seconds: Float64Array.from(sampled, ({ seconds }) => seconds),
    nodes: Int32Array.from(sampled, ({ node }) => places.get(node) ?? IDLE),
  };
}

/** How a tree is pruned. */
interface Pruning {
  readonly minSeconds: number;
  readonly depth: number;
  /** The node of the caller, depth first. */
  readonly place: number;
  /** Gets the node to which the samples of each function count. */
  readonly places: Map<CallNode, number>;
  /** Nodes so far, without the root. */
  readonly count: { value: number };
}

/**
 * Drops nodes of less than `minSeconds` seconds, and adds their time to the `self` seconds of their
 * caller.
 */
function prune(
  { self, children }: Pick<CallNode, "self" | "children">,
  pruning: Pruning,
): { self: number; nodes: FlameNode[] } {
  const { minSeconds, depth, place, places, count } = pruning;
  const shown = visible(children, minSeconds, depth);
  const nodes = shown.map((child) => {
    const { function: called, total } = child;
    const at = ++count.value;
    places.set(child, at);
    const { self, nodes } = prune(child, { ...pruning, depth: depth + 1, place: at });
    return { name: called.name, place: placeOf(called), self, total: toDigits(5, total), children: nodes };
  });
  const kept = new Set(shown);
  const dropped = children.filter((child) => !kept.has(child));
  const seconds = dropped.reduce((sum, { total }) => sum + total, 0);
  // No recursion: what is too deep to be shown may be deeper than our own stack.
  for (const node of dropped) {
    places.set(node, place);
    for (const child of node.children) dropped.push(child);
  }
  return { self: toDigits(5, self + seconds), nodes };
}

function countNodes(nodes: readonly CallNode[], minSeconds: number, depth: number): number {
  return visible(nodes, minSeconds, depth)
    .reduce((sum, { children }) => sum + 1 + countNodes(children, minSeconds, depth + 1), 0);
}

function visible(nodes: readonly CallNode[], minSeconds: number, depth: number): readonly CallNode[] {
  return depth > MAX_DEPTH ? [] : nodes.filter(({ total }) => total > 0 && total >= minSeconds);
}
