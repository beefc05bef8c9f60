import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { OVERHANG, putAscii, putInteger, putNineDigits, putWords } from "../../../src/csv/digits.ts";
import { randomFrom } from "../../support/random.ts";

/** What a function puts into a buffer. It must put nothing before `at`, nor behind the returned end and the overhang. */
function written(put: (out: DataView, at: number) => number): string {
  const out = new Uint8Array(40);
  const at = 5;
  const end = put(new DataView(out.buffer), at);
  assertEquals([...out.subarray(0, at), ...out.subarray(end + OVERHANG)].every((byte) => byte === 0), true);
  return new TextDecoder().decode(out.subarray(at, end));
}

/** Powers of ten and their neighbours, then numbers of any magnitude, up to `limit`. */
function numbersUpTo(limit: number): number[] {
  const random = randomFrom(2);
  const powers = Array.from({ length: 17 }, (_, i) => 10 ** i).flatMap((power) => [power - 1, power, power + 1]);
  const any = Array.from({ length: 20_000 }, () => Math.floor(random(2 ** 32) / 2 ** 32 * 2 ** random(54)));
  return [limit, limit - 1, limit / 2, ...powers, ...any].map(Math.floor).filter((n) => n <= limit);
}

describe("digits.ts", () => {
  it("putInteger puts integers up to 2^53 without leading zeros", () => {
    for (const n of numbersUpTo(2 ** 53)) {
      assertEquals(written((out, at) => putInteger(out, at, n)), String(n));
    }
  });

  it("putNineDigits puts integers below 10^9 with leading zeros and a comma", () => {
    for (const n of numbersUpTo(10 ** 9 - 1)) {
      assertEquals(written((out, at) => putNineDigits(out, at, n)), `${String(n).padStart(9, "0")},`);
    }
  });

  it("putWords puts any number of bytes from any word on", () => {
    const words = new Int32Array(new TextEncoder().encode("0123456789abcdef").buffer);
    for (let length = 0; length <= 12; length++) {
      assertEquals(written((out, at) => putWords(out, at, words, 1, length)), "456789abcdef".slice(0, length));
    }
  });

  it("putAscii puts a text unchanged", () => {
    assertEquals(written((out, at) => putAscii(out, at, "-1.5e-300")), "-1.5e-300");
    assertEquals(written((out, at) => putAscii(out, at, "")), "");
  });
});
