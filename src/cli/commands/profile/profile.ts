import type { CallNode, CallTime, FunctionTime } from "../../../analysis/profile/call_tree.ts";
import type { ProfileFile } from "../../../analysis/profile/profile_files.ts";

/** What is shown of a profile; all functions, unless one of `callers`, `callees` and `tree` is given. */
export interface ProfileView {
  /** What is shown first. */
  readonly sort: "self" | "total";
  /** How many functions are shown. */
  readonly top: number;
  /** Pattern of the functions whose callers are shown. */
  readonly callers?: string;
  /** Pattern of the functions whose callees are shown. */
  readonly callees?: string;
  /** Whether the call tree is shown. */
  readonly tree?: boolean;
}

/** The profiles of a process, or of all, as one. */
export interface Profile {
  /** Whose they are: `undefined` of a process whose name does not tell. */
  readonly pids: readonly (number | undefined)[];
  /** The files it is from. */
  readonly paths: readonly string[];
  /** Seconds that were sampled. */
  readonly seconds: number;
  /** Seconds in which nothing ran. */
  readonly idle: number;
  /** Samples that were taken. */
  readonly samples: number;
  readonly tree: CallNode;
  /** All but idle time. */
  readonly functions: readonly FunctionTime[];
  /** All but idle time. */
  readonly calls: readonly CallTime[];
}

/** The files as one profile, or as one for each process. */
export async function toProfiles(files: readonly ProfileFile[], byPid: boolean): Promise<Profile[]> {
  const { callTimes, callTree, functionTimes } = await import("../../../analysis/profile/call_tree.ts");
  const groups = byPid ? [...Map.groupBy(files, ({ pid }) => pid).values()] : files.length > 0 ? [files] : [];
  return groups.map((files) => {
    const tree = callTree(files.map(({ profile }) => profile));
    const all = functionTimes(tree);
    const isBusy = ({ function: { kind } }: FunctionTime): boolean => kind !== "idle";
    return {
      pids: [...new Set(files.map(({ pid }) => pid))],
      paths: files.map(({ path }) => path),
      seconds: tree.total,
      idle: all.reduce((sum, time) => isBusy(time) ? sum : sum + time.self, 0),
      samples: all.reduce((sum, { samples }) => sum + samples, tree.samples),
      tree,
      functions: all.filter(isBusy),
      calls: callTimes(tree).filter(isBusy),
    };
  });
}

/** Times in the order asked for; what is equal, by its name. */
export function ordered<Time extends FunctionTime>(times: readonly Time[], sort: "self" | "total"): Time[] {
  return times.toSorted((a, b) =>
    b[sort] - a[sort] || b.total - a.total || (a.function.name < b.function.name ? -1 : 1)
  );
}
