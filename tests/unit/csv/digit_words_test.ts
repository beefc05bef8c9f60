import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { fourDigits, notDigits } from "../../../src/csv/digit_words.ts";

/** The word of four characters. */
function wordOf(text: string): number {
  return new DataView(new TextEncoder().encode(text).buffer).getInt32(0, true);
}

describe("a word of four digits", () => {
  it("has the number that the digits are", () => {
    for (let number = 0; number < 10_000; number++) {
      const word = wordOf(String(number).padStart(4, "0"));
      assertEquals([notDigits(word), fourDigits(word)], [0, number]);
    }
  });

  it("is told from any other", () => {
    for (let place = 0; place < 4; place++) {
      for (let code = 0; code < 128; code++) {
        const characters = [..."1289"];
        characters[place] = String.fromCharCode(code);
        const isDigit = code >= 0x30 && code <= 0x39;
        assertEquals(notDigits(wordOf(characters.join(""))) === 0, isDigit, characters.join(""));
      }
    }
  });
});
