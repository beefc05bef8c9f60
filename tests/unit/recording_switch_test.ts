import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { covers, narrowness, parseSwitchLabel, switchLabel, type SwitchScope } from "../../src/recording_switch.ts";

const SCOPES: readonly (readonly [label: string, scope: SwitchScope])[] = [
  ["recording", {}],
  ["recording channel sales", { channel: "sales" }],
  ["recording label /orders/* [GET]", { label: "/orders/* [GET]" }],
  ["recording channel sales label price *", { channel: "sales", label: "price *" }],
];

describe("the label of a switch", () => {
  for (const [label, scope] of SCOPES) {
    it(`is made and parsed: ${label}`, () => {
      assertEquals(switchLabel(scope), label);
      assertEquals(parseSwitchLabel(label), scope);
    });
  }

  it("holds any pattern", () => {
    for (const label of ["", " ", "a\r\nb", "channel x", "x label y", "*"]) {
      assertEquals(parseSwitchLabel(switchLabel({ label })), { label });
      assertEquals(parseSwitchLabel(switchLabel({ channel: "a_b-1", label })), { channel: "a_b-1", label });
    }
  });

  it("is not one that only begins like it", () => {
    for (
      const label of ["recordings", "recording ", "Recording", "recording channel ", "recording channel a b", " x"]
    ) {
      assertEquals(parseSwitchLabel(label), undefined);
    }
  });

  it("is in the order of what it covers", () => {
    assertEquals(SCOPES.map(([, scope]) => narrowness(scope)), [0, 1, 2, 3]);
  });
});

describe("a switch", () => {
  it("covers its channel and the labels that match", () => {
    const series = { channel: "sales", label: "price of tea" };
    for (const scope of [{}, { channel: "sales" }, { label: "price*" }, { channel: "sales", label: "*tea" }]) {
      assert(covers(scope, series));
    }
    for (const scope of [{ channel: "custom" }, { label: "tea" }, { channel: "custom", label: "*tea" }]) {
      assert(!covers(scope, series));
    }
  });
});
