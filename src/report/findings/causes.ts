/**
 * Puts findings with one cause on one card.
 *
 * Each finding has keys: the labels it is about, the process whose memory, collector or event loop,
 * the moment of a step. Findings that share a key have a common cause, and so have those that are
 * connected by a chain of them.
 *
 * @module
 */

import type { Finding } from "../shared/report_data.ts";

/** Keys of causes. */
export const causeOf = {
  /** A label that is slow, or that makes others slow. */
  label: (label: string): string => `label ${label}`,
  /** A route whose requests fail. */
  errors: (route: string): string => `errors ${route}`,
  /** Garbage collection of a process. */
  gc: (process: number): string => `gc ${process}`,
  /** Something unknown that blocks the event loop of a process. */
  lag: (process: number): string => `lag ${process}`,
  /** What keeps the CPU of a process busy. */
  cpu: (process: number): string => `cpu ${process}`,
  /** The moment of a step: an index of moments. */
  moment: (index: number): string => `moment ${index}`,
} as const;

/** A finding, and the keys of its causes. */
export interface CausedFinding extends Finding {
  readonly causes?: readonly string[];
}

const WEIGHTS: readonly Finding["weight"][] = ["bad", "attention", "note"];

/** Of equal findings with one cause, what comes first: memory fills, then it is collected, … */
const KINDS: readonly Finding["kind"][] = ["ends", "memory", "stall", "gc", "errors", "cpu", "latency", "data"];

/** Sorts by weight, and otherwise keeps the order. */
export function byWeight<Of extends Finding>(findings: readonly Of[]): Of[] {
  return findings.toSorted((a, b) => WEIGHTS.indexOf(a.weight) - WEIGHTS.indexOf(b.weight));
}

/** Groups findings by cause, the worst group first, and in each the worst finding first. */
export function groupByCause(findings: readonly CausedFinding[]): Finding[] {
  const groups: { keys: Set<string>; members: CausedFinding[] }[] = [];
  for (const finding of findings) {
    const keys = new Set(finding.causes);
    const connected = groups.filter((group) => [...keys].some((key) => group.keys.has(key)));
    const merged = {
      keys: new Set([...connected.flatMap((group) => [...group.keys]), ...keys]),
      members: [...connected.flatMap(({ members }) => members), finding],
    };
    const [first] = connected;
    if (first === undefined) groups.push(merged);
    else {
      groups[groups.indexOf(first)] = merged;
      for (const other of connected.slice(1)) groups.splice(groups.indexOf(other), 1);
    }
  }
  return byWeight(groups.map(({ members }) => toCard(members)));
}

function toCard(members: readonly CausedFinding[]): Finding {
  const sorted = byWeight(members.toSorted((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind)))
    .map(({ causes: _, ...finding }): Finding => finding);
  const [first, ...also] = sorted;
  return also.length === 0 ? first! : { ...first!, also };
}
