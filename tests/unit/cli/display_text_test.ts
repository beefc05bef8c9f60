import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { align, displayWidth, sanitize, shorten } from "../../../src/cli/terminal/display_text.ts";

describe("the width of text", () => {
  const widths: [text: string, width: number, what: string][] = [
    ["", 0, "nothing"],
    ["/orders/:id [GET]", 17, "ASCII"],
    ["82.1µs …", 8, "narrow characters"],
    ["日本語", 6, "ideographs"],
    ["한국어", 6, "Hangul"],
    ["ｆｕｌｌ", 8, "full-width letters"],
    ["ｶﾞ", 2, "half-width letters with a mark of their own width"],
    ["か\u3099", 2, "an ideograph with a combining mark"],
    ["e\u0301", 1, "a letter with a combining mark"],
    ["\u200b\u200d", 0, "nothing visible"],
    ["👍", 2, "an emoji"],
    ["👍🏽", 2, "an emoji with a colour"],
    ["👩‍👩‍👧", 2, "a joined emoji"],
    ["🇩🇪", 2, "a flag"],
    ["❤️", 2, "a symbol shown as an emoji"],
    ["\u0600", 1, "a format character that is visible"],
  ];
  for (const [text, width, what] of widths) {
    it(`is ${width} for ${what}`, () => assertEquals(displayWidth(text), width));
  }

  it("is the same whether each character is looked at, or all are simple", () => {
    for (let code = 0x20; code < 0x2600; code++) {
      const character = String.fromCharCode(code);
      const beside = displayWidth(`日\n${character}\n日`) - displayWidth("日\n\n日");
      assertEquals(displayWidth(character), beside, code.toString(16));
    }
  });

  it("is filled up by columns, not by characters", () => {
    assertEquals(align("日本", 6, "left"), "日本  ");
    assertEquals(align("日本", 6, "right"), "  日本");
    assertEquals(align("too long", 3, "left"), "too long");
  });
});

describe("shortened text", () => {
  it("is as it was if it fits", () => assertEquals(shorten("/orders", 7), "/orders"));

  it("keeps both of its ends", () => {
    assertEquals(shorten("/orders/:id/items [DELETE]", 15), "/orders…DELETE]");
    assertEquals(shorten("/orders", 6), "/or…rs");
    assertEquals(shorten("/orders", 1), "…");
    assertEquals(shorten("/orders", 0), "");
  });

  it("does not cut what is one character to its reader, and never exceeds the width", () => {
    const text = "👩‍👩‍👧👩‍👩‍👧 日本語 e\u0301e\u0301";
    for (let width = 0; width <= displayWidth(text); width++) {
      const short = shorten(text, width);
      assertEquals(displayWidth(short) <= width, true, `${width}: ${short}`);
      assertEquals(/^\u200d|\u200d…|…[\u200d\u0301]/.test(short), false, `${width}: ${short}`);
    }
    assertEquals(shorten(text, displayWidth(text)), text);
  });
});

describe("harmless text", () => {
  it("shows what a terminal would obey", () => {
    assertEquals(sanitize("\x1b[31mred\x07\x00\x7f\x9b"), "\\x1b[31mred\\x07\\x00\\x7f\\x9b");
    assertEquals(sanitize("one\ntwo\r\n\tthree\u2028"), "one\\ntwo\\r\\n\\tthree\\u2028");
  });

  it("shows what would turn around or hide what stands beside it", () => {
    assertEquals(sanitize("a\u202eb\u2066c\ufeffd\ud800"), "a\\u202eb\\u2066c\\ufeffd\\ud800");
  });

  it("leaves all else alone", () => {
    const text = "/orders/:id [GET] 日本語 👩‍👩‍👧 ❤️ e\u0301 µ";
    assertEquals(sanitize(text), text);
  });
});
