import { labelMatcher } from "../../../label_pattern.ts";
import {
  type CallNode,
  type FunctionTime,
  placeOf,
  type ProfiledFunction,
} from "../../../analysis/profile/call_tree.ts";
import { type Assumption, filterTree, functionFilter, ordered, type Profile, type ProfileView } from "./profile.ts";
import { fileNameOf } from "../../../files/names.ts";
import { formatTimeRange } from "../../../display/local_time.ts";
import { bold, COMPACT, dim, SPACED } from "../../terminal/style.ts";
import { type Column, formatMore, formatTable, type TableRoom } from "../../terminal/table.ts";
import { counted, formatDuration, formatInteger, formatShare, formatSpan } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";

/** Calls with a smaller part of the busy time are left out of the tree. */
const VISIBLE = 0.01;

/** Formats a profile: a header, and the functions, callers, callees or tree. */
export function formatProfile(profile: Profile, view: ProfileView, room: TableRoom): string {
  const body = view.tree
    ? formatTree({ ...profile, tree: filterTree(profile.tree, functionFilter(view)) }, room)
    : view.callers !== undefined
    ? formatCalls(profile, "callers", view.callers, view, room)
    : view.callees !== undefined
    ? formatCalls(profile, "callees", view.callees, view, room)
    : formatFunctions(profile, view, room);
  return `${header(profile, room)}\n${body}`;
}

function header(
  { processes, paths, time, seconds, idle, samples, assumed }: Profile,
  { hasColors }: TableRoom,
): string {
  const names = processes.filter((process) => process !== undefined).map(({ program }) => sanitize(program));
  const title = names.length === 0
    ? "CPU profile"
    : `CPU profile of ${names.length > MAX_NAMED ? counted(names.length, "process") : names.join(", ")}`;
  const idlePart = seconds > 0 ? `, ${formatShare(idle / seconds, SPACED)} of it idle` : "";
  const lines = [
    hasColors ? bold(title) : title,
    `${formatSpan(seconds, SPACED)} sampled${idlePart}, ${counted(samples, "sample")}, ${
      counted(paths.length, "file")
    }`,
    ...time === undefined ? [] : [formatTimeRange(time)],
    ...formatAssumptions(assumed, paths.length).map((line) => hasColors ? dim(line) : line),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** Processes that the title names. */
const MAX_NAMED = 4;

/** Assumptions that are listed; files of one profiler mostly have the same. */
const MAX_ASSUMPTIONS = 5;

/** What was assumed, a line each, with the file if there are several. */
function formatAssumptions(all: readonly Assumption[], files: number): string[] {
  const lines = [...Map.groupBy(all, ({ assumed }) => assumed)].map(([assumed, [first, ...more]]) => {
    const others = more.length === 0 ? "" : ` and ${counted(more.length, "file")} more`;
    return files === 1 ? `Assumed: ${assumed}` : `Assumed: ${sanitize(fileNameOf(first!.path))}${others}: ${assumed}`;
  });
  const rest = lines.length - MAX_ASSUMPTIONS;
  return rest <= 0 ? lines : [...lines.slice(0, MAX_ASSUMPTIONS), `and ${counted(rest, "assumption")} more`];
}

function formatFunctions(profile: Profile, view: ProfileView, room: TableRoom): string {
  const { sort, top } = view;
  const isShown = functionFilter(view);
  const rows = ordered(profile.functions.filter((time) => isShown(time.function)), sort);
  if (rows.length === 0 && profile.functions.length > 0) return "No sampled function has such a name and file.\n";
  const shown = rows.slice(0, top);
  return formatTable(columnsOf(profile, (time: FunctionTime) => time.function.name), shown, room) +
    formatMore(rows.length - shown.length, room, "function");
}

function columnsOf<Time extends FunctionTime>(profile: Profile, name: (time: Time) => string): Column<Time>[] {
  const busy = profile.seconds - profile.idle;
  const part = (seconds: number): string => busy > 0 ? formatShare(seconds / busy, COMPACT) : "";
  return [
    { title: "self", cell: ({ self }) => formatTime(self) },
    { title: "", rank: 3, cell: ({ self }) => part(self) },
    { title: "total", cell: ({ total }) => formatTime(total) },
    { title: "", rank: 4, cell: ({ total }) => part(total) },
    { title: "samples", rank: 1, cell: ({ samples }) => formatInteger(samples) },
    { title: "function", side: "left", narrowest: 16, cell: (time) => sanitize(name(time)) },
    {
      title: "place",
      side: "left",
      rank: 2,
      narrowest: 16,
      cell: (time) => sanitize(placeOf(time.function)),
      style: dim,
    },
  ];
}

/** For each function that matches, a table of its callers or callees. */
function formatCalls(
  profile: Profile,
  which: "callers" | "callees",
  pattern: string,
  view: ProfileView,
  room: TableRoom,
): string {
  const { sort, top } = view;
  const matches = labelMatcher(pattern);
  const isShown = functionFilter(view);
  const matching = ordered(
    profile.functions.filter((time) => matches(time.function.name) && isShown(time.function)),
    sort,
  );
  if (matching.length === 0) return `No sampled function matches ${sanitize(JSON.stringify(pattern))}.\n`;
  const sections = matching.slice(0, top).map((time) => {
    const isCallers = which === "callers";
    const calls = profile.calls.filter((call) => (isCallers ? call.function : call.caller) === time.function)
      .map((call) => isCallers ? { ...call, function: call.caller } : call);
    const title = `${nameAndPlace(time.function)}: self ${formatTime(time.self)}, total ${formatTime(time.total)}; ` +
      (calls.length === 0 ? "no sampled call" : isCallers ? "called by" : "called");
    const line = `${room.hasColors ? bold(title) : title}\n`;
    const rows = ordered(calls, "total");
    return calls.length === 0
      ? line
      : line + formatTable(columnsOf(profile, (call: FunctionTime) => call.function.name), rows.slice(0, top), room);
  });
  return sections.join("\n") + formatMore(matching.length - sections.length, room, "function");
}

/** The call tree, without small parts. */
function formatTree({ tree, seconds, idle }: Profile, room: TableRoom): string {
  const least = VISIBLE * (seconds - idle);
  const rows: { node: CallNode; depth: number }[] = [];
  const stack = [{ node: tree, depth: -1 }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { node, depth } = top;
    if (depth >= 0) rows.push(top);
    const children = node.children.filter((child) => child.function.kind !== "idle" && child.total >= least);
    for (const child of children.toReversed()) stack.push({ node: child, depth: depth + 1 });
  }
  return formatTable(
    [
      { title: "total", cell: ({ node }) => formatTime(node.total) },
      { title: "", cell: ({ node }) => formatShare(node.total / (seconds - idle), COMPACT) },
      { title: "self", rank: 2, cell: ({ node }) => formatTime(node.self) },
      {
        title: "function",
        side: "left",
        narrowest: 20,
        cell: ({ node, depth }) => "  ".repeat(Math.min(depth, 60)) + sanitize(node.function.name),
      },
      {
        title: "place",
        side: "left",
        rank: 1,
        narrowest: 16,
        cell: ({ node }) => sanitize(placeOf(node.function)),
        style: dim,
      },
    ],
    rows,
    room,
  );
}

function nameAndPlace(called: ProfiledFunction): string {
  const place = placeOf(called);
  return sanitize(place === "" ? called.name : `${called.name} (${place})`);
}

function formatTime(seconds: number): string {
  return formatDuration(seconds, COMPACT);
}
