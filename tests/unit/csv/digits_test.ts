import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { putAscii, putInteger, putNineDigits } from "../../../src/csv/digits.ts";
import { randomFrom } from "../support/random.ts";

/** What a function wrote into a buffer, which must be neither less nor more than up to where it says that it ended. */
function written(put: (out: Uint8Array, at: number) => number): string {
  const out = new Uint8Array(40);
  const at = 5;
  const end = put(out, at);
  assertEquals([...out.subarray(0, at), ...out.subarray(end)].every((byte) => byte === 0), true);
  return new TextDecoder().decode(out.subarray(at, end));
}

/** Powers of ten and their neighbours, then numbers of any magnitude, up to `limit`. */
function numbersUpTo(limit: number): number[] {
  const random = randomFrom(2);
  const powers = Array.from({ length: 17 }, (_, i) => 10 ** i).flatMap((power) => [power - 1, power, power + 1]);
  const any = Array.from({ length: 20_000 }, () => Math.floor(random(2 ** 32) / 2 ** 32 * 2 ** random(54)));
  return [limit, limit - 1, limit / 2, ...powers, ...any].map(Math.floor).filter((n) => n <= limit);
}

describe("digits", () => {
  it("putInteger writes any whole number up to 2^53 without leading zeros", () => {
    for (const n of numbersUpTo(2 ** 53)) {
      assertEquals(written((out, at) => putInteger(out, at, n)), String(n));
    }
  });

  it("putNineDigits writes any whole number below 10^9 with leading zeros", () => {
    for (const n of numbersUpTo(10 ** 9 - 1)) {
      assertEquals(written((out, at) => putNineDigits(out, at, n)), String(n).padStart(9, "0"));
    }
  });

  it("putAscii writes a text as it is", () => {
    assertEquals(written((out, at) => putAscii(out, at, "-1.5e-300")), "-1.5e-300");
    assertEquals(written((out, at) => putAscii(out, at, "")), "");
  });
});
