import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { sanitizeData } from "../../../src/display/sanitize.ts";

describe("the data of a report", () => {
  it("is sanitized in all strings, however deep", () => {
    assertEquals(
      sanitizeData({ a: ["x\u202ey", { b: "\u001b[2K", c: 1 }], d: [[1, 2], [3]], e: undefined, f: "Ünïcode 漢字" }),
      { a: ["x\\u202ey", { b: "\\x1b[2K", c: 1 }], d: [[1, 2], [3]], e: undefined, f: "Ünïcode 漢字" },
    );
  });
});
