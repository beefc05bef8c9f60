import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { cutPath, foldIds } from "../../../src/http/paths.ts";

describe("foldIds", () => {
  const ids: [name: string, id: string][] = [
    ["number", "17"],
    ["negative number", "-17"],
    ["list of numbers", "1,2,3"],
    ["date", "2024-01-31"],
    ["date and time", "2024-01-31T10:00:00.000Z"],
    ["address", "10.0.0.1"],
    ["UUID", "123e4567-e89b-12d3-a456-426614174000"],
    ["UUID in capitals", "123E4567-E89B-12D3-A456-426614174000"],
    ["object id", "507f1f77bcf86cd799439011"],
    ["short hash", "3fbb4779"],
    ["SHA-256", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ["ULID", "01ARZ3NDEKTSV4RRFFQ69G5FAV"],
    ["CUID", "clh3am8b50000qw08e2r8d6f3"],
    ["KSUID", "0ujtsYcgvSTl8PAuAdqWYSMnLOv"],
    ["nanoid", "V1StGXR8_Z5jdHi6B-myT"],
    ["id with a prefix", "cus_NffrFeUfNV2Hib"],
  ];
  for (const [name, id] of ids) {
    it(`replaces a ${name}`, () => assertEquals(foldIds(`/things/${id}/parts`), "/things/:id/parts"));
  }

  it("keeps extensions", () => {
    assertEquals(foldIds("/thumbs/17.png"), "/thumbs/:id.png");
    assertEquals(foldIds("/assets/9f86d081884c7d659a2feaa0.min.js"), "/assets/:id.min.js");
  });

  const others = [
    "/",
    "/api/v1/orders",
    "/v2",
    "/orders/latest",
    "/facade/decade/effaced",
    "/face2face",
    "/base64",
    "/oauth2/token",
    "/how-to-use-utf8-in-2024",
    "/getUserAccountInformation2",
    "/wp-login.php",
    "/jquery-3.7.1.min.js",
    "/.well-known/security.txt",
    "//",
  ];
  for (const path of others) {
    it(`keeps ${path}`, () => assertEquals(foldIds(path), path));
  }

  it("replaces several, also the first and the last segment", () => {
    assertEquals(foldIds("17/18/orders/19/"), ":id/:id/orders/:id/");
    assertEquals(foldIds("/1/a/2/b/3"), "/:id/a/:id/b/:id");
  });

  it("searches only the first 1,024 characters", () => {
    const path = `/${"x".repeat(1_000)}/17/${"x".repeat(20)}/17`;
    assertEquals(foldIds(path), path.replace("/17/", "/:id/"));
  });
});

describe("cutPath", () => {
  it("keeps what has 128 bytes", () => {
    for (const path of ["", "/", "x".repeat(128), "é".repeat(64), "😀".repeat(32)]) assertEquals(cutPath(path), path);
  });

  it("cuts at the end of a character and marks it", () => {
    assertEquals(cutPath("x".repeat(129)), "x".repeat(125) + "…");
    assertEquals(cutPath("é".repeat(65)), "é".repeat(62) + "…");
    assertEquals(cutPath("😀".repeat(33)), "😀".repeat(31) + "…");
  });

  it("does not leave half of a pair", () => {
    assertEquals(cutPath("\ud83d".repeat(50)), "\ufffd".repeat(41) + "…");
  });
});
