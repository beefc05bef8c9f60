import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { KymoError } from "../../../src/errors.ts";
import { checkStartOptions, checkWriteOptions } from "../../../src/recording/options.ts";

const sampler = { channel: "queue", sample() {} };

const NO_BOOLEANS = [0, 1, "true", null, {}, [], new Boolean(true), 1n, Symbol("x"), () => true];
const NO_NUMBERS = ["1024", null, NaN, Infinity, -Infinity, -1, 100.5, {}, [20_000], 20_000n, true, new Number(20_000)];

/** For each option what is refused. */
const WRONG: Record<string, unknown[]> = {
  monitoringDir: [
    ...["", "a\0b", "file://elsewhere/x", "file:///a%2Fb", "file:///a%00", "file://%"],
    ...[1, null, {}, ["x"], new URL("https://kymo.example/x"), new URL("file://elsewhere/x"), true, Symbol("x"), 1n],
  ],
  withRuntime: [0, "true", null, [], [true], 1n, () => true, { whileBlocked: 1 }, { whileBlocked: null }, {
    other: true,
  }],
  withProfiler: NO_BOOLEANS,
  memoryThreshold: [...NO_NUMBERS, 0, 2 ** 14 - 1, 2 ** 30 + 1, 2 ** 31, 2 ** 32, 2 ** 53],
  flushInterval: [...NO_NUMBERS, 1, 9, 86_400_001],
  samplingInterval: [...NO_NUMBERS, 0, 9, 86_400_001],
  layout: ["", "segment", "SEGMENTS", "toString", 1, null, ["append"], {}],
  durability: ["", "disk", "__proto__", 0, null, {}],
  samplers: [null, {}, sampler, "x", [null], [1], [{}], [{ channel: "x" }], [{ channel: "x", sample: 1 }], [
    sampler,
    undefined,
  ]],
  fileMode: [...NO_NUMBERS, 0, 600, 0o400, 0o060, 0o700, 0o610, 0o1600, 0o777, 2 ** 32 + 0o600],
  record: NO_BOOLEANS,
  name: ["", "x".repeat(129), "two\nlines", "\ud800", 1, null, {}],
  instance: ["", "x".repeat(129), "two\nlines", "\ud800", 1, null, {}],
  attributes: [
    ...[null, 1, "a=b", [], ["a"], { a: 1 }, { a: undefined }, { "": "a" }, { a: "two\nlines" }, { "\0": "a" }],
    ...[{ a: "x".repeat(257) }, { ["x".repeat(129)]: "" }, { a: "\udc00" }],
    Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`a${index}`, ""])),
  ],
  retention: [null, 1, "1h", [], () => {}],
  onError: [null, {}, "console.error", 1, []],
};

/** For each option what is taken, the bounds above all. */
const RIGHT: Record<string, unknown[]> = {
  monitoringDir: ["x", "/abs/x", "../x", " ", "é", "x".repeat(300), "file:///x", "file://localhost/a%20b", "files:x"],
  withRuntime: [true, false, {}, { whileBlocked: true }, { whileBlocked: undefined }],
  withProfiler: [true, false],
  memoryThreshold: [2 ** 14, 2 ** 14 + 1, 2 ** 30],
  flushInterval: [0, 10, 86_400_000],
  samplingInterval: [10, 86_400_000],
  layout: ["segments", "append"],
  durability: ["spool", "memory"],
  fileMode: [0o600, 0o640, 0o660, 0o644, 0o666, 0o606],
  samplers: [[], [sampler], [sampler, sampler], [{ ...sampler, interval: 10 }, { ...sampler, interval: undefined }]],
  record: [true, false],
  name: ["a", "x".repeat(128), "größer: ✓"],
  instance: ["web-2", "x".repeat(128)],
  attributes: [{}, { zone: "b", "service.version": "" }, { a: "x".repeat(256) }],
  retention: [{}, { maxAge: 1_000 }, { maxBytes: 2 ** 16, minFree: 1 }],
  onError: [() => {}, async () => {}],
};

describe("the options of start", () => {
  for (const [name, values] of Object.entries(WRONG)) {
    it(`refuse a wrong ${name}, and say what was attempted, what is wrong, and the value`, () => {
      for (const value of values) {
        const error = assertThrows(() => checkStartOptions({ [name]: value }), KymoError);
        assertMatch(error.message, /^Cannot start: \w+ must be .+: ([^:]+|".+")$/s);
        assert(error.message.startsWith(`Cannot start: ${name} `), error.message);
      }
    });
  }

  for (const [name, values] of Object.entries(RIGHT)) {
    it(`take every right ${name}`, () => {
      for (const value of values) {
        const checked: Record<string, unknown> = { ...checkStartOptions({ [name]: value }) };
        assertEquals(checked[name], value);
      }
    });
  }

  it("take a file: URL as an object for the directory", () => {
    const monitoringDir = new URL("file:///a%20b/");
    assertEquals(checkStartOptions({ monitoringDir }).monitoringDir, "file:///a%20b/");
    assertEquals(checkWriteOptions("Cannot open", { monitoringDir }).monitoringDir, "file:///a%20b/");
  });

  it("have the documented defaults, also where an option is undefined", () => {
    const { onError, ...defaults } = checkStartOptions();
    assertEquals(defaults, {
      monitoringDir: "_monitoring",
      withRuntime: false,
      withProfiler: false,
      memoryThreshold: 2 ** 20,
      flushInterval: 60_000,
      samplingInterval: 1_000,
      layout: "segments",
      durability: "spool",
      fileMode: 0o600,
      record: true,
      attributes: {},
      retention: {},
      samplers: [],
      optional: false,
    });
    assertEquals(onError(new KymoError("io", "x")), undefined);
    const undefineds = Object.fromEntries(Object.keys(RIGHT).map((name) => [name, undefined]));
    assertEquals(checkStartOptions(undefineds).memoryThreshold, 2 ** 20);
  });

  it("refuse a limit of retention that is unknown or out of range", () => {
    const messageOf = (retention: unknown): string =>
      assertThrows(() => checkStartOptions({ retention }), KymoError).message;
    for (const name of ["maxAge", "maxBytes", "minFree"]) {
      for (const wrong of [0, -1, 70_000.5, NaN, Infinity, "1h", null, 2 ** 53]) {
        assertMatch(messageOf({ [name]: wrong }), RegExp(`^Cannot start: retention: ${name} must be a whole number`));
      }
    }
    assertEquals(messageOf({ maxage: 1 }), 'Cannot start: retention: there is no such option: "maxage"');
    assertEquals(checkStartOptions({ retention: { maxAge: undefined, maxBytes: 2 ** 16 } }).retention, {
      maxBytes: 2 ** 16,
    });
  });

  it("refuse a sampler whose interval is out of range", () => {
    for (const interval of [0, 9, 86_400_001, NaN, "100", null]) {
      const error = assertThrows(() => checkStartOptions({ samplers: [{ ...sampler, interval }] }), KymoError);
      assertMatch(error.message, /^Cannot start: the interval of a sampler must be a whole number .+: [^:]+$/);
    }
  });

  it("must be an object", () => {
    for (const wrong of [null, 1, "x", true, [], () => {}, 1n, Symbol("x")]) {
      const error = assertThrows(() => checkStartOptions(wrong), KymoError);
      assertMatch(error.message, /^Cannot start: options must be an object: .+/);
    }
  });

  it("refuse an option that there is not", () => {
    for (const name of ["monitoringdir", "Layout", "", "toString", "constructor", "hasOwnProperty", "1"]) {
      const error = assertThrows(() => checkStartOptions({ [name]: 1 }), KymoError);
      assertEquals(error.message, `Cannot start: there is no such option: ${JSON.stringify(name)}`);
    }
  });

  it("refuse a sampler whose channel is no part of a file name, or the monitor's own", () => {
    for (
      const channel of [undefined, "", "../x", "/abs", "x".repeat(300), 1, "duration", "runtime", "custom", "profiler"]
    ) {
      const error = assertThrows(() => checkStartOptions({ samplers: [{ channel, sample() {} }] }), KymoError);
      assertMatch(error.message, /^Cannot start: .+: .+/);
    }
  });

  it("refuse a list of samplers with a hole", () => {
    assertThrows(() => checkStartOptions({ samplers: new Array(1) }), KymoError, "Cannot start: samplers must be");
  });

  it("show a long or strange value in few words", () => {
    const shown = (value: unknown): string =>
      assertThrows(() => checkStartOptions({ layout: value }), KymoError).message.replace(/^.*?"append": /, "");
    assertEquals(shown("x".repeat(1_000)).length, 102);
    assertEquals([shown(["a"]), shown({ a: 1 }), shown(Object.create(null))], ["an array", "an object", "an object"]);
    assertEquals([shown(5n), shown(Symbol("a")), shown(-0), shown(null)], ["5n", "Symbol(a)", "0", "null"]);
    assertEquals([shown(function f() {}), shown(() => {})], ["function f", "function (anonymous)"]);
  });
});
