import { labelMatcher } from "../../../label_pattern.ts";
import type { CallNode, CallTime, FunctionTime, ProfiledFunction } from "../../../analysis/profile/call_tree.ts";
import { fileNameOf, type ProcessId, processKey } from "../../../files/names.ts";
import type { Files } from "../../../runtime.ts";
import type { ProfileFile } from "../../../analysis/profile/profile_files.ts";
import { jsonLine } from "../../terminal/json_output.ts";

/** What to show of a profile: all functions, or one of `callers`, `callees` and `tree`. */
export interface ProfileView {
  /** The order of functions. */
  readonly sort: "self" | "total";
  /** How many functions are shown. */
  readonly top: number;
  /** Pattern of the functions whose callers are shown. */
  readonly callers?: string;
  /** Pattern of the functions whose callees are shown. */
  readonly callees?: string;
  /** Whether the call tree is shown. */
  readonly tree?: boolean;
  /** Patterns of names of functions, one of which must match. */
  readonly name?: readonly string[];
  /** Patterns of names or URLs of files, one of which must match. */
  readonly file?: readonly string[];
}

/** Whether a function is one of those that are shown. */
export function functionFilter({ name = ["*"], file = ["*"] }: ProfileView): (called: ProfiledFunction) => boolean {
  const [isName, isFile] = [labelMatcher(...name), labelMatcher(...file)];
  return ({ name, url }) => isName(name) && (isFile(url) || isFile(fileNameOf(url.replace(/[?#].*$/, ""))));
}

/** The call tree with only the functions that are shown, and those that called them. */
export function filterTree(tree: CallNode, isShown: (called: ProfiledFunction) => boolean): CallNode {
  // No recursion: a sampled stack may be deeper than our own may become.
  const nodes = [tree];
  for (const { children } of nodes) nodes.push(...children);
  const kept = new Map<CallNode, CallNode>();
  for (const node of nodes.reverse()) {
    const children = node.children.flatMap((child) => kept.get(child) ?? []);
    if (node === tree || children.length > 0 || isShown(node.function)) kept.set(node, { ...node, children });
  }
  return kept.get(tree)!;
}

/** A process that was profiled. */
export interface ProfiledProcess extends ProcessId {
  /** The name of its program, such as `bun 1.4.5 · orders@web-2`; `PID 7` without a program record. */
  readonly program: string;
}

/** What was assumed in reading a file, because it does not say it. */
export interface Assumption {
  readonly path: string;
  /** A clause such as "it has no samples". */
  readonly assumed: string;
}

/** The profiles of a process, or of all processes, added up. */
export interface Profile {
  /** The processes; `undefined` if the name of a file does not have it. */
  readonly processes: readonly (ProfiledProcess | undefined)[];
  /** The files it is from. */
  readonly paths: readonly string[];
  /** Seconds that were sampled. */
  readonly seconds: number;
  /** Seconds in which nothing ran. */
  readonly idle: number;
  /** Samples that were taken. */
  readonly samples: number;
  /** When the first began and the last ended, ns since 1970, if all files say when they began. */
  readonly time: { readonly first: bigint; readonly last: bigint } | undefined;
  /** What was assumed in reading the files. */
  readonly assumed: readonly Assumption[];
  readonly tree: CallNode;
  /** Without idle time. */
  readonly functions: readonly FunctionTime[];
  /** Without idle time. */
  readonly calls: readonly CallTime[];
}

/**
 * Adds up files to one profile, or to one for each process. The program records that lie beside them
 * name the programs.
 */
export async function toProfiles(
  files: readonly ProfileFile[],
  byProcess: boolean,
  disk: Files,
): Promise<Profile[]> {
  const { callTimes, callTree, functionTimes } = await import("../../../analysis/profile/call_tree.ts");
  const { wallTimeOf } = await import("../../../analysis/profile/cpu_profile.ts");
  const keyOf = ({ process }: ProfileFile): string => process === undefined ? "" : processKey(process);
  const groups = byProcess ? [...Map.groupBy(files, keyOf).values()] : files.length > 0 ? [files] : [];
  const names = await namesOf(files, disk);
  return groups.map((files) => {
    const tree = callTree(files.map(({ profile }) => profile));
    const all = functionTimes(tree);
    const isBusy = ({ function: { kind } }: FunctionTime): boolean => kind !== "idle";
    return {
      processes: [...new Map(files.map((file) => [keyOf(file), file.process])).values()].map((process) =>
        process && { ...process, program: names.get(processKey(process)) ?? `PID ${process.pid}` }
      ),
      paths: files.map(({ path }) => path),
      seconds: tree.total,
      idle: all.reduce((sum, time) => isBusy(time) ? sum : sum + time.self, 0),
      samples: all.reduce((sum, { samples }) => sum + samples, tree.samples),
      time: wallTimeOf(files.map(({ profile }) => profile)),
      assumed: files.flatMap(({ path, profile }) => profile.assumed.map((assumed) => ({ path, assumed }))),
      tree,
      functions: all.filter(isBusy),
      calls: callTimes(tree).filter(isBusy),
    };
  });
}

/** The names of the programs that were profiled, by the keys of their processes. */
async function namesOf(files: readonly ProfileFile[], disk: Files): Promise<ReadonlyMap<string, string>> {
  const { programNames } = await import("../../../analysis/programs/program.ts");
  const { readProgramRecords } = await import("../../../analysis/programs/program_records.ts");
  const processes = new Map(files.flatMap(({ process }) => process ? [[processKey(process), process]] : []));
  const directories = new Set(
    files.flatMap(({ path, process }) => process ? [disk.resolve(path).slice(0, -fileNameOf(path).length - 1)] : []),
  );
  const { byProcess } = readProgramRecords(disk, directories, [...processes.values()]);
  return programNames(
    [...processes].map(([key, process]) => {
      const record = byProcess.get(key);
      return { ...process, ...record && { record } };
    }),
  );
}

/** Times in an order; equal ones by name. */
export function ordered<Time extends FunctionTime>(times: readonly Time[], sort: "self" | "total"): Time[] {
  return times.toSorted((a, b) =>
    b[sort] - a[sort] || b.total - a.total || (a.function.name < b.function.name ? -1 : 1)
  );
}

/** What `--json` prints, for the help. */
export const jsonHelp = `
--json prints one object: profiles, a list of
  processes    {pid, isolate, program}; null if a file's name does not say
  paths        of its files
  from, to     of the profile, ns since 1970 (text); null if a file has no start
  seconds      sampled, and idle: those in which nothing ran; samples
  assumed      {path, assumed}: what was assumed that a file does not say
  functions    {name, url, line, column, kind, self, total, samples}, in s;
               kind: "function", "kymo", "program", "gc"
  callers,     instead, with --callers or --callees: the same for each pair of
  callees      function and caller, with caller: {name, url, line, column}
  tree         instead, with --tree: {name, …, self, total, samples, children}`;

/** Profiles as a line of JSON. */
export function toJson(profiles: readonly Profile[], view: ProfileView): string {
  return jsonLine("profile", {
    profiles: profiles.map(({ processes, paths, time, seconds, idle, samples, assumed, ...profile }) => ({
      processes: processes.map((process) => process ?? null),
      paths,
      from: time?.first ?? null,
      to: time?.last ?? null,
      seconds,
      idle,
      samples,
      assumed,
      ...shown(profile, view),
    })),
  });
}

function shown(
  { functions, calls, tree }: Pick<Profile, "functions" | "calls" | "tree">,
  view: ProfileView,
): object {
  const { sort, top, callers, callees, tree: isTree } = view;
  const isShown = functionFilter(view);
  if (isTree) return { tree: toPlainTree(filterTree(tree, isShown)) };
  const pattern = callers ?? callees;
  if (pattern === undefined) {
    const shown = functions.filter((time) => isShown(time.function));
    return { functions: ordered(shown, sort).slice(0, top).map(toPlain) };
  }
  const matches = labelMatcher(pattern);
  const matching = calls.filter((call) => {
    const asked = callers === undefined ? call.caller : call.function;
    return matches(asked.name) && isShown(asked);
  });
  const list = ordered(matching, sort).slice(0, top).map((call) => ({
    ...toPlain(call),
    caller: toPlace(call.caller),
  }));
  return callers === undefined ? { callees: list } : { callers: list };
}

function toPlain({ function: called, self, total, samples }: FunctionTime): object {
  return { ...toPlace(called), kind: called.kind, self, total, samples };
}

function toPlace({ name, url, line, column }: ProfiledFunction): object {
  return { name, url, line: line ?? null, column: column ?? null };
}

/** Without recursion: a sampled stack may be deeper than our own may become. */
function toPlainTree(root: CallNode): object {
  const make = (node: CallNode) => ({ ...toPlain(node), children: [] as object[] });
  const top = make(root);
  const pairs: [CallNode, { children: object[] }][] = [[root, top]];
  for (const [node, plain] of pairs) {
    for (const child of node.children) {
      const made = make(child);
      plain.children.push(made);
      pairs.push([child, made]);
    }
  }
  return top;
}
