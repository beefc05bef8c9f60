import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { TelemetryDB } from "../../../../src/analysis/mod.ts";
import { labelMatchesInSql } from "../../../../src/analysis/frames/label_pattern.ts";
import { labelMatcher } from "../../../../src/label_pattern.ts";

const punctuation = Array.from({ length: 0x7f - 0x21 }, (_, i) => String.fromCharCode(0x21 + i))
  .filter((character) => !/[A-Za-z0-9]/.test(character));

describe("labelMatcher", () => {
  it("takes punctuation literally", () => {
    assertEquals(punctuation.length, 32);
    for (const character of punctuation.filter((character) => character !== "*" && character !== "?")) {
      const isMeant = labelMatcher(`GET /x${character}y`);
      assertEquals([isMeant(`GET /x${character}y`), isMeant("GET /x~~y"), isMeant("GET /xy")], [true, false, false]);
    }
    assertEquals(labelMatcher(punctuation.join(""))(punctuation.join("")), true);
  });

  it("matches any text with *, and one character with ?", () => {
    assertEquals(["a", "ab\nc", "ba"].map(labelMatcher("a*")), [true, true, false]);
    assertEquals(["a😀b", "ab", "a\nb"].map(labelMatcher("a?b")), [true, false, true]);
  });

  it("matches if one of several patterns does", () => {
    assertEquals(["a", "bc", "c"].map(labelMatcher("a", "b*")), [true, true, false]);
  });

  it("finds the places of several stars", () => {
    const isMeant = labelMatcher("*ab*ab");
    assertEquals(["abab", "ab", "xabyab", "abxabx", ""].map(isMeant), [true, false, true, false, false]);
    assertEquals(["", "x"].map(labelMatcher("**")), [true, true]);
  });

  it("cannot be given a pattern that takes long", () => {
    assertEquals(labelMatcher("a*".repeat(1_000) + "b")("a".repeat(10_000)), false);
  });

  it("agrees with the condition in SQL", async () => {
    const labels = [
      "",
      "a",
      "ab",
      "a%b",
      "a_b",
      "a\\b",
      "[GET]",
      "/orders/:id [GET]",
      "it's",
      "A",
      "a\nb",
      "日本",
      "a😀b",
    ];
    const patterns = [...labels, "*", "?", "a*", "a?b", "*b", "/orders* [GET]", "*[GET]", "a\\*", "*%*", "??"];
    await using db = await TelemetryDB.open([]);
    for (const pattern of patterns) {
      const sql = `SELECT ${labelMatchesInSql(pattern)} AS matches FROM (SELECT unnest($1) AS Label)`;
      const table = await db.sql(sql, [labels]);
      assertEquals(table.rows().map(({ matches }) => matches), labels.map(labelMatcher(pattern)), pattern);
    }
  });
});
