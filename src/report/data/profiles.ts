/**
 * The CPU profiles of a report, and their flame graphs.
 *
 * @module
 */

import { type CallNode, callTree, placeOf } from "../../analysis/profile/call_tree.ts";
import { wallTimeOf } from "../../analysis/profile/cpu_profile.ts";
import {
  findProfiles,
  isSelected,
  type ProfileFile,
  type ProfileSelection,
  readProfile,
} from "../../analysis/profile/profile_files.ts";
import { isProfileName } from "../../analysis/source/file_names.ts";
import { reason } from "../../errors.ts";
import { fileNameOf, type ProcessId, processKey } from "../../files/names.ts";
import type { CpuProfile, Files } from "../../runtime.ts";
import type { FlameNode, ProfileData } from "../shared/report_data.ts";
import { MAX_FLAME_NODES, toDigits } from "./size_plan.ts";

/** CPU profiles that were found. */
export interface Profiles {
  readonly profiles: readonly FoundProfile[];
  /** The files that could not be read, and why, one sentence each. */
  readonly problems: readonly string[];
}

/** Most assumptions that a profile comes with. */
const MAX_ASSUMED = 5;

/** A CPU profile before it is known which of the report's processes it is of. */
export interface FoundProfile extends Omit<ProfileData, "process"> {
  /** The process, if the name of its file says so. */
  readonly of: ProcessId | undefined;
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
    return {
      name: more.length === 0 ? name : `${name} and ${more.length} more`,
      of,
      duration: all.reduce((sum, { startTime, endTime }) => sum + (endTime - startTime) / 1e6, 0),
      time: time && { from: time.first.toString(), to: time.last.toString() },
      assumed: [...new Set(all.flatMap(({ assumed }) => assumed))].slice(0, MAX_ASSUMED),
      tree: flameTree(all, of === undefined ? name : `PID ${of.pid}`, maxNodes),
    };
  });
  return { profiles: profiles.sort((a, b) => (a.of?.pid ?? Infinity) - (b.of?.pid ?? Infinity)), problems };
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
export function flameTree(profiles: readonly CpuProfile[], name: string, maxNodes: number): FlameNode {
  const root = callTree(profiles);
  const children = root.children.filter((child) => child.function.kind !== "idle");
  const total = children.reduce((sum, child) => sum + child.total, 0);
  let minSeconds = MIN_SHARE * total;
  while (countNodes(children, minSeconds, 1) > maxNodes) minSeconds *= 1.5;
  const { self, nodes } = prune(0, children, minSeconds, 1);
  return { name, place: "", self, total: toDigits(5, total), children: nodes };
}

/**
 * Drops nodes of less than `minSeconds` seconds, and adds their time to the `self` seconds of their
 * caller.
 */
function prune(
  self: number,
  children: readonly CallNode[],
  minSeconds: number,
  depth: number,
): { self: number; nodes: FlameNode[] } {
  const shown = visible(children, minSeconds, depth);
  const nodes = shown.map((child) => {
    const { function: called, total } = child;
    const { self, nodes } = prune(child.self, child.children, minSeconds, depth + 1);
    return { name: called.name, place: placeOf(called), self, total: toDigits(5, total), children: nodes };
  });
  const kept = new Set(shown);
  const dropped = children.reduce((sum, child) => kept.has(child) ? sum : sum + child.total, 0);
  return { self: toDigits(5, self + dropped), nodes };
}

function countNodes(nodes: readonly CallNode[], minSeconds: number, depth: number): number {
  return visible(nodes, minSeconds, depth)
    .reduce((sum, { children }) => sum + 1 + countNodes(children, minSeconds, depth + 1), 0);
}

function visible(nodes: readonly CallNode[], minSeconds: number, depth: number): readonly CallNode[] {
  return depth > MAX_DEPTH ? [] : nodes.filter(({ total }) => total > 0 && total >= minSeconds);
}
