import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { BackOff } from "../../../src/ship/back_off.ts";

describe("BackOff", () => {
  it("waits up to twice as long each time, and a minute at most", () => {
    for (let run = 0; run < 50; run++) {
      const backOff = new BackOff();
      for (let failures = 0; failures < 20; failures++) {
        const delay = backOff.next();
        assert(delay >= 250 && delay <= Math.min(60_000, 500 * 2 ** failures), `${delay} after ${failures}`);
      }
    }
  });

  it("waits as long as the store asks for", () => {
    assertEquals(new BackOff().next(90_000), 90_000);
  });

  it("begins anew after a success", () => {
    const backOff = new BackOff();
    for (let i = 0; i < 10; i++) backOff.next();
    assertEquals(backOff.failures, 10);
    backOff.reset();
    assertEquals(backOff.failures, 0);
    assert(backOff.next() <= 500);
  });
});
