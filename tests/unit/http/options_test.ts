import { describe, it } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { KymoError } from "../../../src/errors.ts";
import { checkHttpOptions } from "../../../src/http/options.ts";
import { FakeDurationRecorder } from "../../support/fake/duration_recorder.ts";

const recorder = new FakeDurationRecorder();

describe("HTTP options", () => {
  it("have defaults", () => {
    const { recorder: chosen, ...others } = checkHttpOptions("Cannot time", {}, recorder);
    assertEquals(others, { route: undefined, maxLabels: 1_000, foldIds: true, until: "body" });
    assertStrictEquals(chosen, recorder);
  });

  it("are used as given, and undefined means the default", () => {
    const own = new FakeDurationRecorder();
    const route = () => "/a";
    const options = checkHttpOptions("Cannot time", { route, maxLabels: 1, until: "headers", recorder: own }, recorder);
    assertStrictEquals(options.route, route);
    assertStrictEquals(options.recorder, own);
    assertEquals([options.maxLabels, options.until], [1, "headers"]);
    const byRoute = () => "body" as const;
    assertStrictEquals(checkHttpOptions("Cannot time", { until: byRoute }, recorder).until, byRoute);
    assertEquals(checkHttpOptions("Cannot time", { maxLabels: undefined }, recorder).maxLabels, 1_000);
  });

  const wrong: [options: unknown, message: string][] = [
    [null, "options must be an object: null"],
    ["body", 'options must be an object: "body"'],
    [[], "options must be an object: an array"],
    [{ maxLabel: 3 }, 'there is no such option: "maxLabel"'],
    [{ toString: 3 }, 'there is no such option: "toString"'],
    [{ maxLabels: -3 }, "maxLabels must be a whole number of at least 1: -3"],
    [{ maxLabels: 0 }, "maxLabels must be a whole number of at least 1: 0"],
    [{ maxLabels: 1.5 }, "maxLabels must be a whole number of at least 1: 1.5"],
    [{ maxLabels: NaN }, "maxLabels must be a whole number of at least 1: NaN"],
    [{ maxLabels: Infinity }, "maxLabels must be a whole number of at least 1: Infinity"],
    [{ maxLabels: "5" }, 'maxLabels must be a whole number of at least 1: "5"'],
    [{ maxLabels: 5n }, "maxLabels must be a whole number of at least 1: 5n"],
    [{ until: "end" }, 'until must be "body" or "headers": "end"'],
    [{ foldIds: 1 }, "foldIds must be true or false: 1"],
    [{ until: true }, 'until must be "body" or "headers": true'],
    [{ route: "/orders/:id" }, 'route must be a function: "/orders/:id"'],
    [{ recorder: null }, "recorder must have startDurationSample and stopDurationSample: null"],
    [
      { recorder: { startDurationSample() {} } },
      "recorder must have startDurationSample and stopDurationSample: an object",
    ],
  ];
  for (const [options, message] of wrong) {
    it(`throw for an invalid value: ${message}`, () => {
      const error = assertThrows(() => checkHttpOptions("Cannot time the handler", options, recorder), KymoError);
      assertEquals([error.code, error.message], ["invalid-argument", `Cannot time the handler: ${message}`]);
    });
  }
});
