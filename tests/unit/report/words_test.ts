import { assertEquals } from "@std/assert";
import { it } from "node:test";
import * as words from "../../../src/display/words.ts";

it("numbers in sentences keep to their units, with the digits that tables have", () => {
  assertEquals([0, 0.0089, 0.05, 99.96, 1, 534, 8_000].map(words.inSeconds), [
    "0\u00a0s",
    "8.90\u00a0ms",
    "50.0\u00a0ms",
    "100\u00a0s",
    "1.00\u00a0s",
    "8.90\u00a0min",
    "2.22\u00a0h",
  ]);
  assertEquals([0.05, 1, 0.123].map(words.limitInSeconds), ["50\u00a0ms", "1\u00a0s", "123\u00a0ms"]);
  assertEquals([0, 12, 82e6].map(words.inBytes), ["0\u00a0bytes", "12\u00a0bytes", "82.0\u00a0MB"]);
  assertEquals([words.inPercent(0.42), words.times(1.8)], ["42\u00a0%", "1.8\u00a0times"]);
});
