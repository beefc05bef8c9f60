import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type LoadOptions, Plan } from "../../../../../src/cli/commands/load/plan.ts";

const MS = 1_000_000;

/** A plan that begins at 1 s; without what is given it never ends. */
function planOf(options: Partial<LoadOptions>): Plan {
  return new Plan({ rate: undefined, duration: undefined, requests: undefined, warmUp: 0, ...options }, 1_000 * MS);
}

/** Takes all that is due at a time of the plan, ms. Returns their intended starts, ms. */
function takeAt(plan: Plan, time: number, most = Infinity): number[] {
  const starts: number[] = [];
  for (;;) {
    const next = plan.next((1_000 + time) * MS);
    if (next.kind !== "due" || starts.length >= most) return starts;
    plan.take(next);
    starts.push(next.intended / MS - 1_000);
  }
}

describe("Plan", () => {
  it("has a request due at each interval of its rate, from its begin until before its end", () => {
    const plan = planOf({ rate: 100, duration: 50 });
    assertEquals(takeAt(plan, 0), [0]);
    assertEquals(plan.next(1_005 * MS), { kind: "later", at: 1_010 * MS });
    assertEquals(takeAt(plan, 25), [10, 20]);
    assertEquals(takeAt(plan, 49), [30, 40]);
    assertEquals(plan.next(1_049 * MS), { kind: "over" });
    assertEquals([plan.measured, plan.missed(1_050 * MS), plan.seconds(1_050 * MS, 9_000 * MS)], [5, 0, 0.05]);
  });

  it("keeps what was due while nothing could be taken, with its intended start", () => {
    const plan = planOf({ rate: 1_000, duration: 1_000 });
    assertEquals(takeAt(plan, 500, 3), [0, 1, 2]);
    assertEquals(takeAt(plan, 600, 2), [3, 4]);
  });

  it("counts what was due and never taken", () => {
    const plan = planOf({ rate: 100, duration: 100 });
    takeAt(plan, 35, 2);
    assertEquals(plan.next(1_100 * MS), { kind: "over" });
    assertEquals([plan.missed(1_035 * MS), plan.missed(1_100 * MS), plan.missed(9_000 * MS)], [2, 8, 8]);
  });

  it("does not drift where the interval is no whole number of ns", () => {
    const plan = planOf({ rate: 3, duration: 3_600_000 });
    assertEquals(takeAt(plan, 3_599_999).length, 10_800);
    assertEquals(plan.missed(3_601_000 * MS), 0);
  });

  it("ends with a number of requests, whose time has the interval of the last", () => {
    const plan = planOf({ rate: 100, requests: 3 });
    assertEquals(takeAt(plan, 500), [0, 10, 20]);
    assertEquals(plan.next(1_500 * MS), { kind: "over" });
    assertEquals([plan.seconds(1_020 * MS, 9_000 * MS), plan.missed(1_500 * MS)], [0.03, 0]);
  });

  it("measures nothing of the warm-up, and goes on from it", () => {
    const plan = planOf({ rate: 100, duration: 20, warmUp: 25, requests: 10 });
    assertEquals(takeAt(plan, 40), [0, 10, 20, 30, 40]);
    assertEquals([plan.measured, plan.missed(1_040 * MS), plan.missed(1_045 * MS)], [2, 0, 0]);
    assertEquals(plan.seconds(1_045 * MS, 9_000 * MS), 0.02);
  });

  it("lasts without a rate until the last of a number of requests has ended", () => {
    const plan = planOf({ requests: 2 });
    assertEquals(takeAt(plan, 7, 2), [7, 7]);
    assertEquals([plan.seconds(1_007 * MS, 1_050 * MS), plan.seconds(1_007 * MS, 0)], [0.05, 0.007]);
  });

  it("has a request due at all times without a rate", () => {
    const plan = planOf({ duration: 100 });
    assertEquals(takeAt(plan, 7, 2), [7, 7]);
    assertEquals([plan.hasRate, plan.missed(1_100 * MS)], [false, 0]);
    assertEquals(plan.next(1_100 * MS), { kind: "over" });
  });
});
