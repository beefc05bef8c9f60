import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { readFileSync } from "node:fs";
import { KymoError } from "../../../../src/errors.ts";
import { plotToFile, TelemetryDB } from "../../../../src/analysis/mod.ts";
import { Evaluator } from "../../../../src/analysis/plot/evaluate.ts";
import { parseExpression } from "../../../../src/analysis/plot/expression.ts";
import { pngOf } from "../../../../src/analysis/plot/png.ts";
import { epochOf, Recordings } from "../../../support/analysis/comparison_runs.ts";

const recorded = {
  duration: [
    { time: 0.1, value: 0.25, label: "/a [GET]" },
    { time: 0.2, value: 0.75, label: "/a [GET]" },
    { time: 2.5, value: 2, label: "/a [GET]" },
    { time: 0.3, value: 0.5, label: "query" },
    { time: 2.6, value: 0.5, label: "query" },
  ],
  client: [{ time: 0.5, value: 0.125, label: "/a [GET]" }],
  runtime: [
    { time: 0, value: 1, label: "user time" },
    { time: 1, value: 1.5, label: "user time" },
    { time: 2, value: 1.75, label: "user time" },
    { time: 0, value: 0, label: "system time" },
    { time: 1, value: 0.25, label: "system time" },
    { time: 2, value: 0.25, label: "system time" },
    { time: 1, value: 3e6, label: "rss" },
  ],
  mark: [{ time: 1.5, value: 1, label: "deploy <2>" }],
};

const intervals = { width: 1_000_000_000n, from: epochOf(0), length: 3 };

describe("an expression", () => {
  it("is refused if it is none, with what is wrong", () => {
    const wrong: [text: string, says: string][] = [
      ["", "it is empty"],
      ["rss +", "expected expression after + at character 5"],
      ["a b", "an expression is made of labels"],
      ["a.b", "an expression is made of labels"],
      ["rss > 1", "an expression is made of labels"],
      ["foo(rss)", 'no function "foo"; there are mean, median'],
      ["constructor(rss)", 'no function "constructor"'],
      ["p99(1)", 'p99 takes a label, such as p99("/orders [GET]")'],
      ["quantile(rss)", "quantile takes a label and a number"],
      ["quantile(rss, 2)", "a quantile is from 0 to 1"],
      [`${"-(".repeat(60)}rss${")".repeat(60)}`, "it is too deep"],
    ];
    for (const [text, says] of wrong) assertThrows(() => parseExpression(text), KymoError, says);
  });

  it("has a value for each interval, and a unit", async () => {
    using recordings = new Recordings();
    await using db = await TelemetryDB.open(recordings.write(recorded));
    const evaluator = await Evaluator.of(db, {});
    const all: [text: string, unit: string, values: number[]][] = [
      ['"/a [GET]"', "s", [0.5, NaN, 2]],
      ['median("/a [GET]")', "s", [0.5, NaN, 2]],
      ['max("/a [GET]")', "s", [0.75, NaN, 2]],
      ['quantile("/a [GET]", 0)', "s", [0.25, NaN, 2]],
      ['count("/a [GET]")', "", [2, 0, 1]],
      ['rate("/a [GET]")', "1/s", [2, 0, 1]],
      ['"→ /a [GET]"', "s", [0.125, NaN, NaN]],
      ['sum(query) / sum("/a [GET]")', "", [0.5, NaN, 0.25]],
      ['sum("/a [GET]") - sum(query)', "s", [0.5, 0, 1.5]],
      ['1 - 2 * (-sum(query) / sum("/a [GET]"))', "", [2, NaN, 1.5]],
      ["rss / 1e6", "bytes", [NaN, 3, NaN]],
      ['"user time"', "cores", [NaN, 0.5, 0.25]],
      ["cpu", "cores", [NaN, 0.75, 0.25]],
    ];
    for (const [text, unit, values] of all) {
      const found = await evaluator.evaluate(parseExpression(text), intervals);
      assertEquals([found.unit, [...found.values]], [unit, values], text);
    }
    await assertRejects(
      () => evaluator.evaluate(parseExpression("rss - mean(query)"), intervals),
      KymoError,
      'Cannot plot: "rss - mean(query)": bytes and s cannot be added or subtracted',
    );
    await assertRejects(
      () => evaluator.evaluate(parseExpression("mean(qeury)"), intervals),
      KymoError,
      'Cannot plot: "qeury": no such label; the nearest are "query", ',
    );
  });
});

describe("memory in an expression", () => {
  it("is that of all processes together, whenever they are sampled, and its mean that of one", async () => {
    using recordings = new Recordings();
    // One is sampled each second, the other each two, until 5 s and from 30 s on.
    const each = (pid: number, value: number, times: readonly number[]) =>
      times.map((time) => ({ time, value, label: "rss", pid }));
    const [one, other] = [[0, 1, 2, 3, 4, 5, 6, 7].map((time) => time + 0.25), [0.5, 2.5, 4.5, 30.5, 32.5]];
    const queue = [{ time: 0, value: 4, label: "queue" }, { time: 0.5, value: 2, label: "queue" }];
    const runtime = [...each(7, 1e6, one), ...each(8, 4e6, other)];
    await using db = await TelemetryDB.open(recordings.write({ runtime, custom: queue }));
    const evaluate = async (text: string, width: bigint, length: number) => {
      const { values } = await (await Evaluator.of(db, {})).evaluate(parseExpression(text), {
        width,
        from: epochOf(0),
        length,
      });
      return Array.from(values, (value) => value / 1e6);
    };
    const second = 1_000_000_000n;
    assertEquals(await evaluate("rss", second, 9), [5, 5, 5, 5, 5, 1, 1, 1, NaN]);
    assertEquals(await evaluate("rss", second / 2n, 9), [1, 5, 5, 5, 5, 5, 5, 5, 5]);
    assertEquals((await evaluate("rss", second, 34)).slice(29), [NaN, 4, 4, 4, NaN]);
    assertEquals((await evaluate("mean(rss)", second, 2)).map((mean) => mean.toFixed(1)), ["2.5", "1.0"]);
    assertEquals((await evaluate("queue", second, 1))[0], 3e-6);
  });
});

describe("plotToFile", () => {
  it("draws a panel for each unit, with axes, legend and marks, as an SVG that stands alone", async () => {
    using recordings = new Recordings();
    const directory = recordings.write(recorded);
    await using db = await TelemetryDB.open(directory);
    const path = `${directory}/chart.svg`;
    const plotted = await plotToFile(db, ['p99("/a [GET]")', "max(query)", "rss"], path, {
      every: "1s",
      title: "A & B",
    });
    assertEquals([plotted.points, plotted.every], [3, 1_000_000_000n]);
    const svg = readFileSync(path, "utf8");
    assert(svg.startsWith("<svg xmlns=") && !/<script|href|url\(/.test(svg), svg);
    const texts = Array.from(svg.matchAll(/<text[^>]*>([^<]*)</g), ([, text]) => text!);
    for (
      const text of [
        "A &amp; B",
        'p99("/a [GET]")',
        "max(query)",
        "rss",
        "time",
        "size",
        "deploy &lt;2>".replace(">", "&gt;"),
      ]
    ) {
      assert(texts.includes(text), `${text}: ${texts}`);
    }
    assertEquals(texts.filter((text) => text.startsWith("deploy")).length, 2);
    assert(texts.some((text) => text.startsWith("time of day, ")), String(texts));
    assertEquals(svg.match(/<path /g)?.length, 2); // rss is one point
    assertAlmostEquals(svg.match(/<circle /g)!.length, 1);
    await assertRejects(() => plotToFile(db, "rss", `${directory}/chart.gif`), KymoError, "must end in .svg or .png");
    await assertRejects(() => plotToFile(db, "1 + 1", path), KymoError, "no label in the expression");
  });

  it("writes a PNG with @resvg/resvg-js, and names the package where it is missing", async () => {
    using recordings = new Recordings();
    const directory = recordings.write(recorded);
    await using db = await TelemetryDB.open(directory);
    const path = `${directory}/chart.png`;
    await plotToFile(db, 'rate("/a [GET]")', path);
    const png = readFileSync(path);
    assertEquals([...png.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
    assertEquals(png.readUInt32BE(16), 2 * 960); // the width
    const missing = () => Promise.reject(Object.assign(new Error("not found"), { code: "ERR_MODULE_NOT_FOUND" }));
    await assertRejects(
      () => pngOf("<svg/>", "bun", missing),
      KymoError,
      'Cannot write a PNG: the package @resvg/resvg-js is missing: add it with "bun add @resvg/resvg-js"',
    );
  });
});
