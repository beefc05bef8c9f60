import type { CallNode, FunctionTime, ProfiledFunction } from "../../../analysis/profile/call_tree.ts";
import { matcher } from "../../input/pattern.ts";
import { ordered, type Profile, type ProfileView } from "./profile.ts";

/** What `--json` prints, for the help. */
export const jsonHelp = `
--json prints one object: profiles, a list of
  pids, paths  of the files that it is from
  seconds      that were sampled, of them idle; samples
  functions    {name, url, line, column, kind, self, total, samples}, in s;
               kind: "function", "program", "gc"
  callers,     in their place, if asked for: the same, the time being that of
  callees      calls by the caller, which is {name, url, line, column}
  tree         in their place, if asked for: {name, …, self, total, samples,
               children}`;

/** Profiles as one line of JSON. */
export function toJson(profiles: readonly Profile[], view: ProfileView): string {
  return JSON.stringify({
    profiles: profiles.map(({ pids, paths, seconds, idle, samples, ...profile }) => ({
      pids: pids.map((pid) => pid ?? null),
      paths,
      seconds,
      idle,
      samples,
      ...asked(profile, view),
    })),
  });
}

function asked(
  { functions, calls, tree }: Pick<Profile, "functions" | "calls" | "tree">,
  { sort, top, callers, callees, tree: isTree }: ProfileView,
): object {
  if (isTree) return { tree: toPlainTree(tree) };
  const pattern = callers ?? callees;
  if (pattern === undefined) return { functions: ordered(functions, sort).slice(0, top).map(toPlain) };
  const isMeant = matcher(pattern);
  const meant = calls.filter((call) => isMeant((callers === undefined ? call.caller : call.function).name));
  const list = ordered(meant, sort).slice(0, top).map((call) => ({ ...toPlain(call), caller: toPlace(call.caller) }));
  return callers === undefined ? { callees: list } : { callers: list };
}

function toPlain({ function: called, self, total, samples }: FunctionTime): object {
  return { ...toPlace(called), kind: called.kind, self, total, samples };
}

function toPlace({ name, url, line, column }: ProfiledFunction): object {
  return { name, url, line: line ?? null, column: column ?? null };
}

/** A stack may be deeper than ours, so the tree is made without recursion. */
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
