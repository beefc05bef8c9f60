import { KymoError, reason } from "../../errors.ts";
import type { CpuProfile, CpuProfileNode } from "../../runtime.ts";

/**
 * A `.cpuprofile` file as the profile that it holds, as the Chrome DevTools protocol defines `Profiler.Profile`
 * (https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile).
 *
 * @throws {KymoError} with the reason, if it is damaged or something else.
 */
export function parseCpuProfile(text: string): CpuProfile {
  try {
    return checkedProfile(text);
  } catch (error) {
    throw new KymoError("invalid-data", `Cannot parse the CPU profile: ${reason(error)}`, { cause: error });
  }
}

/** The same, throwing the bare reason. What is not checked here is not used. */
export function checkedProfile(text: string): CpuProfile {
  const profile = parseJson(text);
  demand(isRecord(profile) && Array.isArray(profile.nodes) && profile.nodes.length > 0, "it has no call tree");
  const { nodes, startTime, endTime, samples, timeDeltas } = profile as unknown as CpuProfile;
  demand(isQuantity(startTime) && isQuantity(endTime), "it has no beginning or no end");
  nodes.forEach(checkNode);
  checkTree(nodes);
  if (samples === undefined && timeDeltas === undefined) return { nodes, startTime, endTime };
  demand(Array.isArray(samples) && Array.isArray(timeDeltas), "its samples or their times are missing");
  demand(samples!.length === timeDeltas!.length, "it has not as many samples as times");
  const ids = new Set(nodes.map(({ id }) => id));
  samples!.forEach((id, index) => demand(ids.has(id), `sample ${index} is of no node`));
  timeDeltas!.forEach((delta, index) => demand(isQuantity(delta), `sample ${index} has no time`));
  return { nodes, startTime, endTime, samples: samples!, timeDeltas: timeDeltas! };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error("it is not JSON, or cut off", { cause: error });
  }
}

function checkNode(node: unknown, index: number): void {
  const which = `node ${index} of the call tree`;
  demand(isRecord(node) && Number.isFinite(node.id) && isRecord(node.callFrame), `${which} has no id or no function`);
  const { callFrame, children, hitCount } = node as unknown as CpuProfileNode;
  const { functionName, url, lineNumber, columnNumber } = callFrame;
  demand(typeof functionName === "string" && typeof url === "string", `${which} has no name`);
  demand(Number.isFinite(lineNumber) && Number.isFinite(columnNumber), `${which} has no place`);
  demand(children === undefined || Array.isArray(children), `${which} has no list of callees`);
  demand(hitCount === undefined || isQuantity(hitCount) && hitCount >= 0, `${which} has no number of hits`);
}

/** All nodes hang together under the first, each under one other: then nothing that walks along them ever meets one again. */
function checkTree(nodes: readonly CpuProfileNode[]): void {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  demand(byId.size === nodes.length, "two nodes of the call tree have the same id");
  const met = new Set([nodes[0]!]);
  for (const { children = [] } of met) {
    for (const id of children) {
      const child = byId.get(id);
      demand(child !== undefined, `node ${JSON.stringify(id)} is missing in the call tree`);
      demand(!met.has(child!), `node ${id} has two places in the call tree`);
      met.add(child!);
    }
  }
  demand(met.size === nodes.length, "its call tree is in pieces");
}

/** Whether it is a number that can be added up and multiplied with others of its kind: microseconds for 285 years. */
function isQuantity(value: number): boolean {
  return Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
