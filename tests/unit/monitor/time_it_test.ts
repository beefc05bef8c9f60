import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../src/errors.ts";
import { type TimeIt, timeItWith } from "../../../src/monitor/time_it.ts";
import { Timings } from "../support/timings.ts";

function timing(label = "x"): { timings: Timings; timeIt: TimeIt } {
  const timings = new Timings();
  return { timings, timeIt: timeItWith(timings, label) };
}

/** Settles once the microtasks that are queued now have run. */
const turn = (): Promise<void> => Promise.resolve().then(() => {}).then(() => {});

describe("a timed function", () => {
  it("gets its arguments and `this`, and its result passes unchanged", () => {
    const { timings, timeIt } = timing();
    const self = { factor: 3 };
    const multiply = timeIt(function (this: { factor: number }, a: number, b: number) {
      assertEquals(timings.running.size, 1);
      return { product: this.factor * a * b };
    });
    assertEquals(multiply.call(self, 2, 5), { product: 30 });
    const result = { same: true };
    assertStrictEquals(timeIt(() => result)(), result);
    assertEquals([timings.ended, timings.running.size], [["x", "x"], 0]);
  });

  it("may return anything", () => {
    const { timings, timeIt } = timing();
    const results = [undefined, null, 0, "", NaN, Symbol("x"), () => {}, { then: 1 }, [], new Map().values()];
    for (const result of results) assertStrictEquals(timeIt(() => result)(), result);
    assertEquals([timings.ended.length, timings.running.size], [results.length, 0]);
  });

  it("may throw anything, unchanged", () => {
    const { timings, timeIt } = timing();
    const things = [new Error("x"), undefined, null, "text", 0];
    for (const thing of things) {
      const fail = timeIt(() => {
        throw thing;
      });
      try {
        fail();
        assert(false, "nothing was thrown");
      } catch (error) {
        assertStrictEquals(error, thing);
      }
    }
    assertEquals([timings.ended.length, timings.running.size], [things.length, 0]);
  });

  it("may call itself: each call has a sample", () => {
    const { timings, timeIt } = timing();
    const factorial: (n: number) => number = timeIt((n: number) => n < 2 ? 1 : n * factorial(n - 1));
    assertEquals([factorial(10), timings.ended.length, timings.running.size], [3_628_800, 10, 0]);
  });

  it("keeps its name and length", () => {
    const { timeIt } = timing();
    const named = timeIt(function called(_a: number, _b: number, ..._rest: number[]) {});
    assertEquals([named.name, named.length], ["called", 2]);
    assertEquals(timeIt(() => {}).name, "");
  });

  it("may be timed twice, under two labels", async () => {
    const { timings, timeIt } = timing("inner");
    const outer = timeItWith(timings, "outer");
    assertEquals(outer(timeIt(() => 1))(), 1);
    assertEquals(await outer(timeIt(() => Promise.resolve(2)))(), 2);
    assertEquals([
      ...outer(timeIt(function* () {
        yield 3;
      }))(),
    ], [3]);
    assertEquals([timings.ended.length, timings.running.size], [6, 0]);
  });

  it("does as it did when nothing is recorded, and when recording begins or ends meanwhile", async () => {
    const { timings, timeIt } = timing();
    timings.recording = false;
    const promise = Promise.resolve(1);
    assertStrictEquals(timeIt(() => promise)(), promise);
    const list = [1, 2];
    assertEquals([...timeIt(() => list.values())()], [1, 2]);
    assertEquals(timeIt(() => 5)(), 5);
    timings.recording = true;
    const later = timeIt(() => new Promise((resolve) => queueMicrotask(() => resolve(7))))();
    timings.recording = false;
    assertEquals([await later, timings.ended], [7, []]);
  });

  // Fails at present: the sample that was never started is stopped under the id 0, and counted as invalid.
  it("whose call began before the recording is no sample of it", () => {
    const { timings, timeIt } = timing();
    timings.recording = false;
    const begin = timeIt(() => {
      timings.recording = true;
      return 1;
    });
    assertEquals([begin(), timings.ended], [1, []]);
    timings.recording = false;
    const fail = timeIt(() => {
      timings.recording = true;
      throw new Error("mine");
    });
    assertThrows(fail, Error, "mine");
    assertEquals(timings.ended, []);
  });
});

describe("a timed async function", () => {
  it("is timed until its promise is settled", async () => {
    const { timings, timeIt } = timing();
    const { promise, resolve } = Promise.withResolvers<string>();
    const result = timeIt(() => promise)();
    await turn();
    assertEquals(timings.ended, []);
    resolve("done");
    assertEquals([await result, timings.ended, timings.running.size], ["done", ["x"], 0]);
  });

  it("is timed until it is rejected, and the reason passes unchanged", async () => {
    const { timings, timeIt } = timing();
    const reason = { any: "thing" };
    const result = timeIt(() => Promise.reject(reason))();
    assertStrictEquals(await result.then(() => undefined, (error) => error), reason);
    assertEquals([timings.ended, timings.running.size], [["x"], 0]);
  });

  it("may run many times at once, each with a sample, ending in any order", async () => {
    const { timings, timeIt } = timing();
    const calls = Array.from({ length: 5 }, () => Promise.withResolvers<number>());
    const run = timeIt((i: number) => calls[i]!.promise);
    const results = calls.map((_, i) => run(i));
    for (const [i, rank] of [3, 0, 4, 1, 2].entries()) {
      calls[rank]!.resolve(rank);
      await results[rank];
      assertEquals([timings.ended.length, timings.running.size], [i + 1, 4 - i]);
    }
    assertEquals(await Promise.all(results), [0, 1, 2, 3, 4]);
  });

  it("does not hide a rejection that nobody handles: all that follows from the promise is what the caller gets", () => {
    const { timeIt } = timing();
    const promise = new Promise(() => {});
    const followers: unknown[] = [];
    promise.then = ((...handlers: Parameters<typeof promise.then>) => {
      const follower = Promise.prototype.then.apply(promise, handlers);
      followers.push(follower);
      return follower;
    }) as typeof promise.then;
    const result = timeIt(() => promise)();
    // Were there another follower, it would handle the rejection, or be rejected itself although the caller handles it.
    assertEquals(followers.length, 1);
    assertStrictEquals(result, followers[0]);
  });

  it("keeps the class of its promise", async () => {
    const { timeIt } = timing();
    class Job extends Promise<number> {
      cancel(): string {
        return "cancelled";
      }
    }
    const job = timeIt(() => new Job((resolve) => resolve(1)))();
    assertEquals([job instanceof Job, job.cancel(), await job], [true, "cancelled", 1]);
  });

  // Fails at present: what follows from the promise has none of them, and `ky.get(url).json()` throws, once it is timed.
  it("keeps the properties that somebody gave its promise", async () => {
    const { timeIt } = timing();
    const request = timeIt(() =>
      Object.assign(Promise.resolve("text"), { json: () => "json", [Symbol.for("id")]: 5 })
    )();
    assertEquals([request.json(), request[Symbol.for("id")], await request], ["json", 5, "text"]);
  });

  it("that throws before its first await rejects, and does not throw", async () => {
    const { timings, timeIt } = timing();
    // deno-lint-ignore require-await -- that is the case in point
    const fail = timeIt(async () => {
      throw new Error("mine");
    });
    await assertRejects(fail, Error, "mine");
    assertEquals([timings.ended, timings.running.size], [["x"], 0]);
  });
});

describe("a timed method", () => {
  it("may be a method, a getter, a setter, private or static, sync or async", async () => {
    const timings = new Timings();
    class Shop {
      #price = 2;
      @timeItWith(timings, "method")
      total(count: number): number {
        return count * this.#price;
      }
      @timeItWith(timings, "async method")
      async later(count: number): Promise<number> {
        return await Promise.resolve(count * this.#price);
      }
      @timeItWith(timings, "getter")
      get price(): number {
        return this.#price;
      }
      @timeItWith(timings, "setter")
      set price(price: number) {
        this.#price = price;
      }
      @timeItWith(timings, "static method")
      static open(): Shop {
        return new Shop();
      }
      @timeItWith(timings, "generator")
      *prices(): Generator<number> {
        yield this.#price;
      }
    }
    const shop = Shop.open();
    shop.price = 5;
    assertEquals([shop.total(3), shop.price, await shop.later(2), [...shop.prices()]], [15, 5, 10, [5]]);
    assertEquals(timings.ended, ["static method", "setter", "method", "getter", "async method", "generator"]);
    assertEquals([timings.running.size, Shop.prototype.total.name, Shop.prototype.total.length], [0, "total", 1]);
  });

  it("may be overridden, and called through super", () => {
    const timings = new Timings();
    class Base {
      @timeItWith(timings, "base")
      name(): string {
        return "base";
      }
    }
    class Derived extends Base {
      @timeItWith(timings, "derived")
      override name(): string {
        return `${super.name()} derived`;
      }
    }
    assertEquals([new Derived().name(), timings.ended], ["base derived", ["base", "derived"]]);
  });
});

describe("timeIt", () => {
  it("refuses what is no label, no function or no method", () => {
    const { timings, timeIt } = timing();
    for (const label of [undefined, null, 1, {}, Symbol("x"), () => {}]) {
      const error = assertThrows(() => timeItWith(timings, label as string), UsageError);
      assertMatch(error.message, /^Cannot time the function: the label must be a string: .+/);
    }
    for (const wrong of [undefined, null, 1, "f", {}, []]) {
      const error = assertThrows(() => timeIt(wrong as unknown as () => void), UsageError);
      assertMatch(error.message, /^Cannot time the function: not a function: .+/);
    }
    for (const kind of ["class", "field", "accessor", undefined]) {
      const error = assertThrows(() => timeIt(() => {}, { kind: kind as string }), UsageError);
      assertMatch(error.message, /^Cannot time the function: only methods can be decorated: .+/);
    }
    // TypeScript's older decorators pass the prototype and the name of the method.
    assertThrows(() => (timeIt as unknown as (...args: unknown[]) => void)({}, "method", {}), UsageError);
  });
});
