import { it } from "node:test";
import { assertEquals } from "@std/assert";
import { timesByFunction } from "../../../src/report/shared/function_times.ts";

it("a call tree is added up by function, and a function within itself counted once", () => {
  const leaf = { name: "f", place: "a.ts:1", value: 2, children: [] };
  const inner = { name: "g", place: "a.ts:9", value: 5, children: [leaf] };
  const tree = {
    name: "all",
    place: "",
    value: 10,
    children: [{ name: "f", place: "a.ts:1", value: 8, children: [inner] }],
  };
  assertEquals(timesByFunction(tree), [
    { name: "f", place: "a.ts:1", self: 5, total: 8 },
    { name: "g", place: "a.ts:9", self: 3, total: 5 },
  ]);
});
