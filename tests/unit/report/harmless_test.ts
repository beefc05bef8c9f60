import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { sanitizeData } from "../../../src/display/sanitize.ts";

describe("the data of a page", () => {
  it("have what hides or turns text around in letters, wherever it stands", () => {
    assertEquals(
      sanitizeData({ a: ["x\u202ey", { b: "\u001b[2K", c: 1 }], d: [[1, 2], [3]], e: undefined, f: "Ünïcode 漢字" }),
      { a: ["x\\u202ey", { b: "\\x1b[2K", c: 1 }], d: [[1, 2], [3]], e: undefined, f: "Ünïcode 漢字" },
    );
  });
});
