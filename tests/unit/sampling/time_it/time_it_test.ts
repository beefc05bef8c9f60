import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertStrictEquals, assertThrows } from "@std/assert";
import { KymoError } from "../../../../src/errors.ts";
import { type TimeIt, timeItWith } from "../../../../src/sampling/time_it.ts";
import { FakeDurationRecorder } from "../../../support/fake/duration_recorder.ts";

function timing(label = "x"): { timings: FakeDurationRecorder; timeIt: TimeIt } {
  const timings = new FakeDurationRecorder();
  return { timings, timeIt: timeItWith(timings, label) };
}

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

describe("a timed method", () => {
  it("may be a method, a getter, a setter, private or static, sync or async", async () => {
    const timings = new FakeDurationRecorder();
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
    const timings = new FakeDurationRecorder();
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

describe("a method that `experimentalDecorators` time", () => {
  /** Decorates a member as TypeScript compiles it. */
  function decorate(target: object, name: string | symbol, decorator: TimeIt): void {
    const member = Object.getOwnPropertyDescriptor(target, name)!;
    Object.defineProperty(target, name, decorator(target, name, member));
  }

  it("may be a method, static, a getter with its setter, and have a symbol as its name", () => {
    const timings = new FakeDurationRecorder();
    const hidden = Symbol("hidden");
    class Shop {
      #price = 2;
      total(count: number): number {
        return count * this.#price;
      }
      get price(): number {
        return this.#price;
      }
      set price(price: number) {
        this.#price = price;
      }
      static open(): Shop {
        return new Shop();
      }
      [hidden](): string {
        return "found";
      }
    }
    const { total } = Shop.prototype;
    for (const name of ["total", "price", hidden]) decorate(Shop.prototype, name, timeItWith(timings, String(name)));
    decorate(Shop, "open", timeItWith(timings, "open"));
    const shop = Shop.open();
    shop.price = 5;
    assertEquals([shop.total(3), shop.price, shop[hidden]()], [15, 5, "found"]);
    assertEquals(timings.ended, ["open", "price", "total", "price", "Symbol(hidden)"]);
    const descriptor = Object.getOwnPropertyDescriptor(Shop.prototype, "total")!;
    assertEquals({ ...descriptor, value: undefined }, {
      value: undefined,
      writable: true,
      enumerable: false,
      configurable: true,
    });
    assertEquals([shop.total.name, shop.total.length, shop.total === total], ["total", 1, false]);
  });
});

describe("timeIt", () => {
  it("refuses what is no label, no function or no method", () => {
    const { timings, timeIt } = timing();
    for (const label of [undefined, null, 1, {}, Symbol("x"), () => {}]) {
      const error = assertThrows(() => timeItWith(timings, label as string), KymoError);
      assertMatch(error.message, /^Cannot time the function: the label must be a string: .+/);
    }
    for (const wrong of [undefined, null, 1, "f", {}, []]) {
      const error = assertThrows(() => timeIt(wrong as unknown as () => void), KymoError);
      assertMatch(error.message, /^Cannot time the function: not a function: .+/);
    }
    for (const kind of ["class", "field", "accessor", undefined]) {
      const error = assertThrows(() => timeIt(() => {}, { kind: kind as string }), KymoError);
      assertMatch(error.message, /^Cannot time the function: only methods can be decorated: .+/);
    }
    // A field, an argument and a class under TypeScript's `experimentalDecorators`.
    for (const member of [undefined, 0, {}, { value: 1 }, { value: class {} }]) {
      const decorate = timeIt as unknown as (target: object, name: string, member: unknown) => void;
      const error = assertThrows(() => decorate({}, "field", member), KymoError);
      assertEquals(error.message, 'Cannot time the function: only methods can be decorated: "field"');
    }
    assertThrows(() => timeIt(class {} as unknown as () => void), KymoError, "not a function");
  });
});
