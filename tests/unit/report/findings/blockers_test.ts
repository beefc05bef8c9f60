import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "node:test";
import { sentences } from "../../../support/analysis/told_causes.ts";
import { plain, reportOn, type Row } from "../../../support/analysis/report_recording.ts";

const STALLS = 10;
const LENGTH = 1.8;

/** A request: seconds from the beginning of a stall to its own, and from the end of the stall to its own end. */
interface Planted {
  readonly label: string;
  readonly began: number;
  readonly ended: number;
  /** In how many of the stalls there is one. */
  readonly stalls: number;
}

/** What the card of stalls says of a recording with these requests in its stalls. */
async function toldOf(requests: readonly Planted[]): Promise<string> {
  const duration: Row[] = [];
  const runtime: Row[] = [];
  for (let i = 0; i < STALLS; i++) {
    const from = 20 * i + 10;
    const to = from + LENGTH;
    runtime.push([to + 0.001, LENGTH - 0.01, "event loop lag"]);
    for (const { label, began, ended, stalls } of requests) {
      if (i < stalls) duration.push([to + ended, LENGTH + ended - began, label]);
    }
    for (let k = 0; k < 100; k++) duration.push([from + 2 + k / 10, 0.004, "/journal [GET]"]);
  }
  for (let second = 0; second < 20 * STALLS; second++) {
    runtime.push([second, 0.004, "event loop lag"], [second, 8e7, "rss"]);
  }
  const { findings } = await reportOn({ duration, runtime });
  const cards = findings.filter(({ kind }) => kind === "stall");
  assertEquals(cards.length, 1);
  return plain(sentences(cards[0]!));
}

const culprit = { label: "/report [GET]", began: 0, ended: 0, stalls: STALLS };

describe("what blocked the event loop", () => {
  it("is the request that ran, not those that had begun before it and waited longer", async () => {
    const waiting = { label: "/journal [GET]", stalls: STALLS };
    const told = await toldOf([
      culprit,
      { ...waiting, began: -0.01, ended: 0.003 },
      { ...waiting, began: -0.012, ended: 0.004 },
    ]);
    assertMatch(told, /“\/report \[GET\]” took most of 10/);
  });

  it("is the request that ran, also if it waited for something before", async () => {
    const told = await toldOf([
      { ...culprit, began: -0.3 },
      { label: "/journal [GET]", began: -0.005, ended: 0.003, stalls: STALLS },
      { label: "/upstream [GET]", began: -5, ended: 0.004, stalls: STALLS },
    ]);
    assertMatch(told, /“\/report \[GET\]” took most of 10/);
  });

  it("is the request that explains the most stalls, of those that ended at one moment", async () => {
    const told = await toldOf([
      { ...culprit, ended: 0.0005 },
      { label: "/journal [GET]", began: -0.01, ended: 0, stalls: 4 },
    ]);
    assertMatch(told, /“\/report \[GET\]” took most of 10/);
  });

  it("is the block of code that ran within them, where there is one", async () => {
    const told = await toldOf([
      { ...culprit, ended: 0.002 },
      { label: "render", began: 0.001, ended: 0.001, stalls: STALLS },
      { label: "/journal [GET]", began: -0.01, ended: 0, stalls: STALLS },
    ]);
    assertMatch(told, /“render” took most of 10/);
  });
});
