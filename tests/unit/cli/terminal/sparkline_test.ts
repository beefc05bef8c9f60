import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { sparkline } from "../../../../src/cli/terminal/sparkline.ts";

describe("a sparkline", () => {
  it("has a bar for each number, scaled to the largest", () => {
    assertEquals(sparkline([1, 2, 3, 4, 5, 6, 7, 8], 10), "▂▃▄▅▆▇██");
    assertEquals(sparkline([1_000, 1], 10), "█▁");
  });

  it("shows zero as a space, and a small number as the lowest bar", () => {
    assertEquals(sparkline([0, 0], 10), "  ");
    assertEquals(sparkline([0, 1e-9, 0, 5], 10), " ▁ █");
    assertEquals(sparkline([], 10), "");
  });

  it("shows infinity as the highest bar, and NaN as a space", () => {
    assertEquals(sparkline([1, Infinity, NaN, 8, -Infinity], 10), "▂█ █ ");
    assertEquals(sparkline([Infinity, 0], 10), "█ ");
    assertEquals(sparkline([Infinity, 1, 1, 8, 8, 8], 3), "█▅█");
    assertEquals(sparkline([1e308, 1.7e308], 10), "▅█");
  });

  it("has at most as many bars as columns, each the mean of its part of the numbers", () => {
    assertEquals(sparkline([8, 8, 4, 4, 0, 0], 3), "█▅ ");
    assertEquals(sparkline([6, 0, 0], 2), "█ "); // the middle one is half in either
    assertEquals(sparkline([6, 6, 6, 6, 6], 2), "██");
  });

  it("shows what is not known as a dot, and leaves it out of a mean", () => {
    assertEquals(sparkline([4, null, 0, 8], 10), "▅· █");
    assertEquals(sparkline([8, null, null, null, 4, 4], 3), "█·▅");
    assertEquals(sparkline([null], 1), "·");
  });
});
