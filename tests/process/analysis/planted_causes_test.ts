import { assert, assertMatch } from "@std/assert";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { TelemetryDB } from "../../../src/analysis/mod.ts";
import type { Finding } from "../../../src/report/shared/report_data.ts";
import { plain } from "../../support/analysis/report_recording.ts";
import { readCauses, sentences } from "../../support/analysis/told_causes.ts";
import { isFullSuite } from "../../support/faults/suite_size.ts";
import { spawnOn, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const service = fileURLToPath(new URL("./fixtures/planted_service.ts", import.meta.url));

/** All sentences of a card, with tenths of seconds. */
const told = (card: Finding): string => sentences(card, 1);

/** Records the service for some seconds, and reads the report's cards and what `kymo why` tells of a label. */
async function record(mode: string, seconds: number, label: string): Promise<{ cards: string[]; why: string }> {
  using scratch = scratchDirectory();
  const { code, stderr } = await spawnOn(thisRuntime, service, [scratch.path, mode, String(seconds)], {
    timeLimit: 120_000 + 3_000 * seconds,
  }).ended;
  assert(code === 0, stderr);
  await using db = await TelemetryDB.open(scratch.path);
  const { data, why } = await readCauses(db, label);
  const apart = why?.slow?.apart.map(({ text }) => text) ?? [];
  return { cards: data.findings.map(told), why: plain([...apart, ...why?.findings.map(told) ?? []].join(" ")) };
}

/**
 * A machine with more to do than it can blocks programs too, and is then told of: so a recording may be made again, twice
 * to four times as long.
 */
const ATTEMPTS = 4;

async function tells(mode: string, seconds: number, [label, card, why]: readonly [string, RegExp, RegExp]) {
  for (let attempt = 1;; attempt++) {
    const told = await record(mode, attempt * seconds, label);
    const isTold = card.test(told.cards[0]!) && why.test(told.why);
    if (isTold) return;
    assert(attempt < ATTEMPTS, JSON.stringify(told, undefined, 2));
  }
}

describe("a recorded program with a planted cause is explained by the first card and by kymo why", () => {
  it("a function that blocks the event loop", async () => {
    await tells("blocking", 1.6, [
      "/orders [GET]",
      /^The event loop .* was blocked .*“render invoices” took most of \d/,
      /The event loop was blocked .*: they waited while “render invoices” ran/,
    ]);
  });

  it("a slow upstream every 25th time", async () => {
    await tells("upstream", 2.6, [
      "/cart [GET]",
      /\/cart \[GET\] has 2 typical times: .* 9\d % around .*, \d % around .*spent on “→ 127\.0\.0\.1:\d+ \[GET\]”/,
      /spent on “→ 127\.0\.0\.1:\d+ \[GET\]”, as in all its requests: \d+ ms each/,
    ]);
  });

  it("a scan whose cost steps up", async () => {
    await tells("step", 2.5, [
      "scan list",
      /scan list became slower, \+\d+(\.\d)? % at \[\d\.\d s\]: its median was .* before and .* after/,
      /scan list became slower/,
    ]);
  });

  it("a queue in which jobs wait", async () => {
    await tells("queue", 2.2, ["job", /^job .*others of job were under way .*: they waited in a queue/, /in a queue/]);
  });

  // In less than two minutes a leak cannot be told from a program that starts. Bun's collector works beside the
  // program, and what it does there is not recorded.
  if (isFullSuite) {
    it("a leak with garbage collection", async () => {
      const collected = thisRuntime === "bun" ? "" : ".*Garbage collection (took|paused)";
      const grew = "memory \\(RSS\\) of the process grew from [^;]* MB per minute; its used heap grew too";
      await tells("leak", 130, [
        "rss",
        new RegExp(`^The ${grew}(?!.*too short to tell)${collected}`),
        new RegExp(grew),
      ]);
    });

    it("and nothing but what the machine does is told of one without", async () => {
      const { cards } = await record("clean", 30, "/orders [GET]");
      const calm = /^(Nothing stands out|The event loop of the process was blocked|Garbage collection (took|paused))/;
      for (const card of cards) assertMatch(card, calm);
    });
  }
});
