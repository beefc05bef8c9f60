import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import vm from "node:vm";
import { type TimeIt, timeItWith } from "../../../../src/sampling/time_it.ts";
import { FakeDurationRecorder } from "../../../support/fake/duration_recorder.ts";

function timing(): { timings: FakeDurationRecorder; timeIt: TimeIt } {
  const timings = new FakeDurationRecorder();
  return { timings, timeIt: timeItWith(timings, "x") };
}

/** Settles once the microtasks that are queued now have run. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** A query builder: its work starts in `then`, as in those of Knex, Drizzle, Mongoose and Prisma. */
class Query {
  /** How often its work was started. */
  started = 0;
  readonly #conditions: string[] = [];
  readonly #rows: () => Promise<unknown>;

  constructor(rows: () => Promise<unknown>) {
    this.#rows = rows;
  }

  where(condition: string): this {
    this.#conditions.push(condition);
    return this;
  }

  toSQL(): string {
    return `select where ${this.#conditions.join(" and ")}`;
  }

  then<A, B>(
    onFulfilled?: ((rows: unknown) => A) | null,
    onRejected?: ((reason: unknown) => B) | null,
  ): Promise<A | B> {
    return this.#run().then(onFulfilled as never, onRejected);
  }

  catch<B>(onRejected?: ((reason: unknown) => B) | null): Promise<unknown> {
    return this.#run().catch(onRejected); // as in Prisma and Mongoose: not by `this.then`
  }

  finally(onFinally?: (() => void) | null): Promise<unknown> {
    return this.#run().finally(onFinally);
  }

  #run(): Promise<unknown> {
    this.started++;
    return this.#rows();
  }
}

/** As p-lazy and postgres.js have it: a promise whose work starts in a `then` of its own. */
class LazyPromise extends Promise<string> {
  started = 0;
  readonly #work: Promise<string>;

  constructor(work: Promise<string>) {
    super((resolve) => resolve("not this"));
    this.#work = work;
  }

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  override then<A = string, B = never>(
    onFulfilled?: ((value: string) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.started++;
    return this.#work.then(onFulfilled, onRejected);
  }
}

describe("a timed function that returns a lazy thenable", () => {
  it("is timed until the thenable is settled, and its work is done once", async () => {
    const { timings, timeIt } = timing();
    const { promise, resolve } = Promise.withResolvers<string>();
    const query = timeIt(() => new Query(() => promise))();
    const rows = (async () => await query)();
    await turn();
    assertEquals([timings.ended, query.started], [[], 1]);
    resolve("rows");
    assertEquals([await rows, timings.ended, timings.running.size, query.started], ["rows", ["x"], 0, 1]);
  });

  it("returns the same object, with its methods and private fields", async () => {
    const { timings, timeIt } = timing();
    const query = new Query(() => Promise.resolve("rows"));
    const timed = timeIt(() => query)();
    assertStrictEquals(timed, query);
    assertStrictEquals(timed.where("a = 1").where("b = 2"), query);
    assertEquals(timed.toSQL(), "select where a = 1 and b = 2");
    assertEquals(Object.keys(timed), ["started"]);
    assertEquals([timed.then.name, timed.then.length], ["then", 2]);
    assertEquals([await timed, timings.ended], ["rows", ["x"]]);
  });

  it("starts no work that the program does not ask for, and records none", async () => {
    const { timings, timeIt } = timing();
    const query = timeIt(() => new Query(() => Promise.resolve()))();
    await turn();
    assertEquals([query.started, timings.ended, timings.running.size], [0, [], 1]);
  });

  it("starts the work as often as the program asks, and is timed until the first is settled", async () => {
    const { timings, timeIt } = timing();
    const query = timeIt(() => new Query(() => Promise.resolve("rows")))();
    assertEquals([await query, await query, query.started, timings.ended], ["rows", "rows", 2, ["x"]]);
  });

  it("ends before the program's callback runs", async () => {
    const { timings, timeIt } = timing();
    const query = timeIt(() => new Query(() => Promise.resolve("rows")))();
    assertEquals(await query.then((rows) => [rows, [...timings.ended]]), ["rows", ["x"]]);
  });

  it("passes on a rejection, to the handler or to the result", async () => {
    const { timings, timeIt } = timing();
    const run = timeIt(() => new Query(() => Promise.reject(new Error("no table"))));
    assertEquals(await run().then(null, (error) => (error as Error).message), "no table");
    await assertRejects(async () => await run().then(() => {}), Error, "no table");
    await assertRejects(async () => await run(), Error, "no table");
    assertEquals([timings.ended.length, timings.running.size, timings.wrong], [3, 0, []]);
  });

  it("is timed by catch and finally too, which need not call then", async () => {
    const { timings, timeIt } = timing();
    const run = timeIt((rows: () => Promise<unknown>) => new Query(rows));
    assertEquals(await run(() => Promise.resolve("rows")).catch(() => "none"), "rows");
    assertEquals(await run(() => Promise.reject(new Error("no table"))).catch(() => "none"), "none");
    assertEquals(await run(() => Promise.resolve("rows")).finally(() => {}), "rows");
    assertEquals([timings.ended.length, timings.running.size, timings.wrong], [3, 0, []]);
  });

  it("may return the same one each time, and the samples that wait end together", async () => {
    const { timings, timeIt } = timing();
    const query = new Query(() => Promise.resolve("rows"));
    const run = timeIt(() => query);
    for (let i = 0; i < 100_000; i++) run(); // a `then` around a `then` each time would overflow the stack
    assertEquals(await run(), "rows");
    assert(timings.ended.length >= 1 && timings.ended.length <= 1_000, `${timings.ended.length}`);
    const before = timings.ended.length;
    await run();
    assertEquals([timings.ended.length, query.started, timings.wrong], [before + 1, 2, []]);
  });

  it("may be called by another timed function, and both are timed", async () => {
    const { timings, timeIt } = timing();
    const query = timeIt(timeIt(() => new Query(() => Promise.resolve("rows"))))();
    assertEquals([await query, query.started, timings.ended], ["rows", 1, ["x", "x"]]);
  });

  it("may return a subclass of Promise that starts in its own then", async () => {
    const { timings, timeIt } = timing();
    const { promise, resolve } = Promise.withResolvers<string>();
    const lazy = timeIt(() => new LazyPromise(promise))();
    await turn();
    assertEquals([lazy.started, timings.ended], [0, []]);
    const result = (async () => await lazy)();
    await turn();
    assertEquals([lazy.started, timings.ended], [1, []]);
    resolve("rows");
    assertEquals([await result, lazy.started, timings.ended], ["rows", 1, ["x"]]);
  });

  it("may return a callable one", async () => {
    const { timings, timeIt } = timing();
    const callable = Object.assign(() => "called", { then: (done: (value: string) => void) => done("settled") });
    const result = timeIt(() => callable)();
    assertEquals([result(), timings.ended], ["called", []]);
    assertEquals([await (result as unknown as PromiseLike<string>), timings.ended], ["settled", ["x"]]);
  });

  it("passes everything on to a then with other arguments, and what it throws", () => {
    const { timings, timeIt } = timing();
    const old = {
      then: (done: (...values: number[]) => number, _: unknown, progress: () => number) => done(1, progress()),
    };
    const result = timeIt(() => old)();
    assertEquals(result.then((...values) => values[0]! + values[1]!, null, () => 2), 3);
    const broken = timeIt(() => ({
      then(): never {
        throw new Error("broken");
      },
    }))();
    assertThrows(() => broken.then(), Error, "broken");
    assertEquals([timings.ended.length, timings.running.size], [2, 0]);
  });
});

describe("a timed function that returns a thenable which cannot be followed", () => {
  it("is timed until it returns if the thenable is frozen, and leaves it alone", async () => {
    const { timings, timeIt } = timing();
    const query = Object.freeze(new Query(() => Promise.resolve("rows")));
    const result = timeIt(() => query)();
    assertEquals([timings.ended, Object.hasOwn(result, "then")], [["x"], false]);
    await turn();
    assertEquals(timings.ended, ["x"]);
  });

  it("is timed until it returns if the thenable is a proxy with a then of its own", async () => {
    const { timings, timeIt } = timing();
    const query = new Query(() => Promise.resolve("rows"));
    const proxy = new Proxy(query, {
      get: (target, key) => {
        const value = key === "then" ? Query.prototype.then : Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const result = timeIt(() => proxy)();
    assertEquals(timings.ended, ["x"]);
    assertEquals([await result, await query, timings.ended, timings.wrong], ["rows", "rows", ["x"], []]);
  });

  it("is timed until it returns if reading then throws", () => {
    const { timings, timeIt } = timing();
    const strict = {
      get then(): never {
        throw new Error("no such property");
      },
    };
    assertStrictEquals(timeIt(() => strict)(), strict);
    assertEquals(timings.ended, ["x"]);
  });
});

describe("a timed function of another realm", () => {
  const realm = vm.createContext({});

  it("is timed until its promise is settled", async () => {
    const { timings, timeIt } = timing();
    const { promise, resolve } = Promise.withResolvers<void>();
    const wait = vm.runInContext("(async (promise) => { await promise; return 'done'; })", realm);
    const plain = vm.runInContext("((promise) => (async () => { await promise; return 'done'; })())", realm);
    const results = [timeIt(wait)(promise), timeIt(plain)(promise)];
    await turn();
    assertEquals(timings.ended, []);
    resolve();
    assertEquals([await Promise.all(results), timings.ended], [["done", "done"], ["x", "x"]]);
  });

  it("may be an async generator", async () => {
    const { timings, timeIt } = timing();
    const generator = timeIt(vm.runInContext("(async function* () { yield 1; yield 2; })", realm))();
    const seen: unknown[] = [];
    for await (const value of generator) seen.push(value);
    assertEquals([seen, timings.ended, timings.running.size], [[1, 2], ["x"], 0]);
  });
});

describe("a timed function while the global Promise is another class", () => {
  it("is timed until its promise is settled", async () => {
    const { timings, timeIt } = timing();
    const { promise, resolve } = Promise.withResolvers<string>();
    const original = globalThis.Promise;
    globalThis.Promise = class Replaced<T> extends original<T> {} as PromiseConstructor;
    try {
      const result = timeIt(() => promise)();
      await turn();
      assertEquals(timings.ended, []);
      resolve("done");
      assertEquals([await result, timings.ended], ["done", ["x"]]);
    } finally {
      globalThis.Promise = original;
    }
  });

  it("is timed if the native then was replaced, which await does not call", async () => {
    const { timings, timeIt } = timing();
    const { then } = Promise.prototype;
    const { promise, resolve } = Promise.withResolvers<string>();
    let result: Promise<string>;
    Promise.prototype.then = function (this: Promise<unknown>, ...callbacks: never[]) {
      return then.apply(this, callbacks as never) as never;
    };
    try {
      result = timeIt(() => promise)();
    } finally {
      Promise.prototype.then = then;
    }
    await turn();
    assertEquals(timings.ended, []);
    resolve("done");
    assertEquals([await result, timings.ended], ["done", ["x"]]);
  });
});
