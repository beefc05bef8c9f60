import { describe, it } from "node:test";
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { timeItWith } from "../../../../src/sampling/time_it.ts";
import { FakeDurationRecorder } from "../../../support/fake/duration_recorder.ts";

function* count(): Generator<number, string, string> {
  try {
    const answer = yield 1;
    yield answer.length;
    return "returned";
  } finally {
    yield 99; // a generator may go on when it is asked to end
  }
}

function* plain(): Generator<number> {
  yield 1;
  yield 2;
}

async function* later(): AsyncGenerator<number> {
  yield await Promise.resolve(1);
  yield 2;
}

/** A timed function, and what became of its samples: `[ended, running]`. */
function timed<F extends (...args: never[]) => unknown>(
  fn: F,
): { run: F; samples(): [ended: number, running: number] } {
  const timings = new FakeDurationRecorder();
  return { run: timeItWith(timings, "x")(fn), samples: () => [timings.ended.length, timings.running.size] };
}

describe("a timed generator", () => {
  it("is timed from the call until it is exhausted", () => {
    const { run, samples } = timed(plain);
    const generator = run();
    assertEquals(samples(), [0, 1]);
    assertEquals([generator.next().value, generator.next().value, samples()], [1, 2, [0, 1]]);
    assertEquals([generator.next().done, samples()], [true, [1, 0]]);
    assertEquals([generator.next().done, samples()], [true, [1, 0]]);
  });

  it("is timed to its end by loops, spreads, destructuring and yield*", () => {
    const { run, samples } = timed(plain);
    for (const _ of run());
    assertEquals([...run()], [1, 2]);
    const [first] = run();
    for (const _ of run()) break;
    const delegate = function* (): Generator<number> {
      yield* run();
    };
    assertEquals([[...delegate()], first, samples()], [[1, 2], 1, [5, 0]]);
  });

  it("passes values in and out", () => {
    const { run, samples } = timed(count);
    const generator = run();
    assertEquals(generator.next("ignored"), { value: 1, done: false });
    assertEquals(generator.next("four"), { value: 4, done: false });
    assertEquals(generator.next("") as unknown, { value: 99, done: false });
    assertEquals([samples(), generator.next("")], [[0, 1], { value: "returned", done: true }]);
    assertEquals(samples(), [1, 0]);
  });

  it("ends with return, unless it goes on", () => {
    const { run, samples } = timed(count);
    const generator = run();
    generator.next("");
    assertEquals([generator.return("early") as unknown, samples()], [{ value: 99, done: false }, [0, 1]]);
    assertEquals([generator.next(""), samples()], [{ value: "early", done: true }, [1, 0]]);
    const untouched = run();
    assertEquals([untouched.return("at once"), samples()], [{ value: "at once", done: true }, [2, 0]]);
  });

  it("ends with an error that is thrown into it, unless it goes on", () => {
    const { run, samples } = timed(count);
    const generator = run();
    generator.next("");
    assertEquals([generator.throw(new Error("in")) as unknown, samples()], [{ value: 99, done: false }, [0, 1]]);
    assertThrows(() => generator.next(""), Error, "in");
    assertEquals(samples(), [1, 0]);
  });

  it("ends with an error that it throws itself", () => {
    const { run, samples } = timed(function* (): Generator<number> {
      yield 1;
      throw new Error("out");
    });
    const generator = run();
    generator.next();
    assertThrows(() => generator.next(), Error, "out");
    assertEquals(samples(), [1, 0]);
  });

  it("is the same object as ever", () => {
    const generator = plain();
    const { run } = timed(() => generator);
    assertStrictEquals(run(), generator);
    assertEquals([generator instanceof plain, generator[Symbol.iterator]() === generator], [true, true]);
  });

  it("may run many times at once, and inside itself", () => {
    const { run, samples } = timed(function* walk(depth: number): Generator<number> {
      yield depth;
      if (depth > 0) yield* run(depth - 1);
    });
    const [one, two] = [run(3), run(3)];
    one.next();
    two.next();
    assertEquals([[...one], [...two], samples()], [[2, 1, 0], [2, 1, 0], [8, 0]]);
  });

  it("goes on when it is wrongly asked while it runs", () => {
    const { run, samples } = timed(function* (): Generator<number> {
      assertThrows(() => generator.next(), TypeError);
      yield 1;
    });
    const generator = run();
    generator.next();
    assertEquals(samples(), [0, 1]);
    generator.next();
    assertEquals(samples(), [1, 0]);
  });

  it("is ended by `using`", () => {
    const { run, samples } = timed(plain);
    {
      using generator = run();
      generator.next();
    }
    assertEquals(samples(), [1, 0]);
  });

  it("that can be timed by nobody, since it is frozen, is what it was", () => {
    const { run } = timed(() => Object.freeze(plain()));
    assertEquals([...run()], [1, 2]);
  });
});

describe("a timed async generator", () => {
  it("is timed from the call until it is exhausted", async () => {
    const { run, samples } = timed(later);
    const seen: number[] = [];
    for await (const value of run()) {
      seen.push(value);
      assertEquals(samples(), [0, 1]);
    }
    assertEquals([seen, samples()], [[1, 2], [1, 0]]);
  });

  it("ends with return, break and throw", async () => {
    const { run, samples } = timed(later);
    for await (const _ of run()) break;
    const returned = run();
    assertEquals(await returned.return(5), { value: 5, done: true });
    const thrown = run();
    await thrown.next();
    await assertRejects(() => thrown.throw(new Error("in")), Error, "in");
    assertEquals(samples(), [3, 0]);
  });

  it("ends with an error that it throws itself", async () => {
    const { run, samples } = timed(async function* (): AsyncGenerator<number> {
      yield await Promise.resolve(1);
      throw new Error("out");
    });
    const generator = run();
    await generator.next();
    await assertRejects(() => generator.next(), Error, "out");
    assertEquals(samples(), [1, 0]);
  });

  it("ends once, though it was asked several times at once", async () => {
    const { run, samples } = timed(later);
    const generator = run();
    const results = await Promise.all([generator.next(), generator.next(), generator.next(), generator.next()]);
    assertEquals([results.map(({ done }) => done), samples()], [[false, false, true, true], [1, 0]]);
  });
});
