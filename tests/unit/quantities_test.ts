import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { parseBytes, parseTimeLength } from "../../src/quantities.ts";

describe("parseTimeLength", () => {
  it("reads every unit, with or without fraction and space", () => {
    const lengths: Record<string, bigint> = {
      "1ns": 1n,
      "5us": 5_000n,
      "5µs": 5_000n,
      "500 ms": 500_000_000n,
      "1.5s": 1_500_000_000n,
      "2m": 120_000_000_000n,
      "0.5h": 1_800_000_000_000n,
      "1.000000001d": 86_400_000_086_400n,
    };
    for (const [text, nanoseconds] of Object.entries(lengths)) assertEquals(parseTimeLength(text), nanoseconds, text);
  });

  it("rounds fractions of a nanosecond down", () => {
    assertEquals(parseTimeLength("1.9ns"), 1n);
  });

  it("returns undefined for anything else", () => {
    for (const text of ["", "s", "1", "-1s", "+1s", "1S", "1 week", ".5s", "1.s", "1  s", "1e3s"]) {
      assertEquals(parseTimeLength(text), undefined, text);
    }
  });
});

describe("parseBytes", () => {
  it("reads bytes, and the units of IEC, SI and Kubernetes", () => {
    const sizes: Record<string, number> = {
      "0": 0,
      "1048576": 2 ** 20,
      "12B": 12,
      "1kB": 1e3,
      "1k": 1e3,
      "1.5 MB": 1.5e6,
      "2M": 2e6,
      "3GB": 3e9,
      "3G": 3e9,
      "1TB": 1e12,
      "1T": 1e12,
      "16KiB": 2 ** 14,
      "16Ki": 2 ** 14,
      "1.5MiB": 1.5 * 2 ** 20,
      "64Mi": 2 ** 26,
      "1GiB": 2 ** 30,
      "1Gi": 2 ** 30,
      "1 TiB": 2 ** 40,
      "1Ti": 2 ** 40,
    };
    for (const [text, bytes] of Object.entries(sizes)) assertEquals(parseBytes(text), bytes, text);
  });

  it("rounds fractions of a byte down", () => {
    assertEquals(parseBytes("1.9B"), 1);
  });

  it("returns undefined for anything else", () => {
    for (const text of ["", "B", "-1", "1.5", "1m", "1K", "1mib", "1e6", "0x10", "1  MB", "1_000", " 1", "1 "]) {
      assertEquals(parseBytes(text), undefined, text);
    }
  });
});
