import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { sanitize, sanitizeData } from "../../../src/display/sanitize.ts";

describe("sanitizeData", () => {
  it("escapes in every text of the data, and leaves the rest alone", () => {
    assertEquals(
      sanitizeData({ a: ["x\u202ey", { b: "\u001b[2K", c: 1 }], d: [[1, 2], [3]], e: undefined, f: "Ünïcode 漢字" }),
      { a: ["x\\u202ey", { b: "\\x1b[2K", c: 1 }], d: [[1, 2], [3]], e: undefined, f: "Ünïcode 漢字" },
    );
  });
});

describe("sanitize", () => {
  it("escapes control characters", () => {
    assertEquals(sanitize("\x1b[31mred\x07\x00\x7f\x9b"), "\\x1b[31mred\\x07\\x00\\x7f\\x9b");
    assertEquals(sanitize("one\ntwo\r\n\tthree\u2028"), "one\\ntwo\\r\\n\\tthree\\u2028");
  });

  it("escapes characters that reverse or hide the text beside them", () => {
    assertEquals(sanitize("a\u202eb\u2066c\ufeffd\ud800"), "a\\u202eb\\u2066c\\ufeffd\\ud800");
  });

  it("leaves all other text alone", () => {
    const text = "/orders/:id [GET] 日本語 👩‍👩‍👧 ❤️ e\u0301 µ";
    assertEquals(sanitize(text), text);
  });
});
