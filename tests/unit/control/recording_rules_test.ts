import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { ControlRule } from "../../../src/control/control_file.ts";
import { RecordingRules } from "../../../src/control/recording_rules.ts";

const ME = { pid: 7, isolate: "0000beef", name: "orders" };

function rulesOf(rules: readonly ControlRule[], { now = 100n, byDefault = true } = {}): RecordingRules {
  return new RecordingRules({ rules }, ME, now, byDefault);
}

/** Whether labels `a` and `b` of channels `x` and `y` are recorded, in the order xa xb ya yb. */
function shown(rules: RecordingRules): string {
  return ["x", "y"].flatMap((channel) => {
    const rule = rules.channel(channel);
    return ["a", "b"].map((label) => typeof rule === "boolean" ? rule : rule(label));
  }).map((on) => on ? "+" : "-").join("");
}

describe("recording rules", () => {
  const cases: readonly (readonly [what: string, rules: readonly ControlRule[], recorded: string])[] = [
    ["nothing said", [], "++++"],
    ["off", [{ record: false }], "----"],
    ["off, then on", [{ record: false }, { record: true }], "++++"],
    ["a channel off", [{ record: false, channel: "x" }], "--++"],
    ["a label off", [{ record: false, label: "a" }], "-+-+"],
    ["a label of a channel off", [{ record: false, channel: "y", label: "a" }], "++-+"],
    ["all off but a label", [{ record: false }, { record: true, label: "a" }], "+-+-"],
    ["a label off, then all on", [{ record: false, label: "a" }, { record: true }], "++++"],
    ["a label on, then its channel off", [{ record: true, label: "a" }, { record: false, channel: "x" }], "--++"],
    ["patterns", [{ record: false, label: "*" }, { record: true, label: "?" }], "++++"],
    ["another process", [{ record: false, pid: 8 }, { record: false, isolate: "00000000" }], "++++"],
    ["another service", [{ record: false, program: "web*" }], "++++"],
    ["this service", [{ record: false, program: "ord*", pid: 7, isolate: "0000beef" }], "----"],
    ["a rule that has ended", [{ record: false, until: 100n }], "++++"],
    ["a rule that has not", [{ record: false, until: 101n }], "----"],
  ];
  for (const [what, rules, recorded] of cases) {
    it(`decide by the last that matches: ${what}`, () => {
      assertEquals(shown(rulesOf(rules)), recorded);
      assertEquals(rulesOf(rules).recordNothing, recorded === "----");
    });
  }

  it("hold for what is recorded by default", () => {
    assertEquals(shown(rulesOf([], { byDefault: false })), "----");
    assertEquals(shown(rulesOf([{ record: true, channel: "x" }], { byDefault: false })), "++--");
    assertEquals(shown(rulesOf([{ record: true }], { byDefault: false })), "++++");
  });

  it("know when the first of them ends", () => {
    assertEquals(rulesOf([]).firstEnd, undefined);
    assertEquals(
      rulesOf([{ record: true, until: 300n }, { record: true, until: 200n }, { record: true, until: 50n }]).firstEnd,
      200n,
    );
  });
});
