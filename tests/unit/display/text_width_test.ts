import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { align, displayWidth, shorten, wrapped } from "../../../src/display/text_width.ts";

describe("displayWidth", () => {
  const widths: [text: string, width: number, what: string][] = [
    ["", 0, "nothing"],
    ["/orders/:id [GET]", 17, "ASCII"],
    ["82.1µs …", 8, "narrow characters"],
    ["日本語", 6, "ideographs"],
    ["한국어", 6, "Hangul"],
    ["ｆｕｌｌ", 8, "full-width letters"],
    ["ｶﾞ", 2, "half-width letters with a mark of half width"],
    ["か\u3099", 2, "an ideograph with a combining mark"],
    ["e\u0301", 1, "a letter with a combining mark"],
    ["\u200b\u200d", 0, "nothing visible"],
    ["👍", 2, "an emoji"],
    ["👍🏽", 2, "an emoji with a colour"],
    ["👩‍👩‍👧", 2, "a joined emoji"],
    ["🇩🇪", 2, "a flag"],
    ["❤️", 2, "a symbol shown as an emoji"],
    ["각", 2, "a Hangul syllable made of three letters"],
    ["कि", 2, "a letter with a vowel sign beside it"],
    ["#\ufe0f\u20e3", 2, "a keycap"],
  ];
  for (const [text, width, what] of widths) {
    it(`is ${width} for ${what}`, () => assertEquals(displayWidth(text), width));
  }

  it("is the same whether a character is alone or among others", () => {
    for (let code = 0x20; code < 0x2600; code++) {
      const character = String.fromCharCode(code);
      const beside = displayWidth(`日\n${character}\n日`) - displayWidth("日\n\n日");
      assertEquals(displayWidth(character), beside, code.toString(16));
    }
  });
});

describe("align", () => {
  it("fills up by columns, not by characters", () => {
    assertEquals(align("日本", 6, "left"), "日本  ");
    assertEquals(align("日本", 6, "right"), "  日本");
    assertEquals(align("too long", 3, "left"), "too long");
  });
});

describe("shorten", () => {
  it("returns text that fits as it is", () => assertEquals(shorten("/orders", 7), "/orders"));

  it("keeps both of its ends", () => {
    assertEquals(shorten("/orders/:id/items [DELETE]", 15), "/orders…DELETE]");
    assertEquals(shorten("/orders", 6), "/or…rs");
    assertEquals(shorten("/orders", 1), "…");
    assertEquals(shorten("/orders", 0), "");
  });

  it("never cuts a grapheme, and never exceeds the width", () => {
    const text = "👩‍👩‍👧👩‍👩‍👧 日本語 e\u0301e\u0301";
    for (let width = 0; width <= displayWidth(text); width++) {
      const short = shorten(text, width);
      assertEquals(displayWidth(short) <= width, true, `${width}: ${short}`);
      assertEquals(/^\u200d|\u200d…|…[\u200d\u0301]/.test(short), false, `${width}: ${short}`);
    }
    assertEquals(shorten(text, displayWidth(text)), text);
  });
});

describe("wrapped text", () => {
  it("is broken between words, the longest of which are shortened", () => {
    assertEquals(wrapped("no program 日本語 is recording into /a/long/path", 10), [
      "no program",
      "日本語 is",
      "recording",
      "into",
      "/a/lo…path",
    ]);
    assertEquals([wrapped("all of it", Infinity), wrapped("", 5)], [["all of it"], [""]]);
  });
});
