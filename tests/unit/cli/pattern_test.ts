import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { matcher } from "../../../src/cli/input/pattern.ts";

const punctuation = Array.from({ length: 0x7f - 0x21 }, (_, i) => String.fromCharCode(0x21 + i))
  .filter((character) => !/[A-Za-z0-9]/.test(character));

describe("a pattern", () => {
  it("means punctuation as it is", () => {
    assertEquals(punctuation.length, 32);
    for (const character of punctuation.filter((character) => character !== "*" && character !== "?")) {
      const isMeant = matcher(`GET /x${character}y`);
      assertEquals([isMeant(`GET /x${character}y`), isMeant("GET /x~~y"), isMeant("GET /xy")], [true, false, false]);
    }
    assertEquals(matcher(punctuation.join(""))(punctuation.join("")), true);
  });

  it("means any characters by *, and one by ?", () => {
    assertEquals(["a", "ab\nc", "ba"].map(matcher("a*")), [true, true, false]);
    assertEquals(["a😀b", "ab", "a\nb"].map(matcher("a?b")), [true, false, true]);
  });

  it("may be one of several", () => {
    assertEquals(["a", "bc", "c"].map(matcher("a", "b*")), [true, true, false]);
  });
});
