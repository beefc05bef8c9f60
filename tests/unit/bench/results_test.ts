import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Figure, spread } from "../../../bench/results/figure.ts";
import { comparisonChart } from "../../../bench/results/comparison_chart.ts";
import { type PartResults, partSection, resultsPage, updatedPage } from "../../../bench/results/results_page.ts";

const machine = {
  processor: "A processor",
  cores: 2,
  memory: 7.7,
  system: "Linux 6.18",
  versions: { Deno: "2.9.6", Bun: "1.4.5" },
};
const circumstances = { date: new Date("2026-11-22T23:59:59Z"), machine };

/** A part that found figures on one runtime and failed on the other. */
function part(figures: readonly Figure[], failure = "exit code 1"): PartResults {
  return {
    name: "some part",
    about: "",
    runs: [{ configuration: "Deno", outcome: { figures } }, { configuration: "Bun", outcome: { failure } }],
  };
}

/** The cells of the table in a section, without its head. */
function linesOf(section: string): string[][] {
  return section.split("\n").filter((line) => line.startsWith("| ")).slice(2)
    .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "")));
}

/** The one cell that shows a figure. */
function cellOf(figure: Omit<Figure, "what">): string {
  return linesOf(partSection(part([{ what: "it", ...figure }])))[0]![1]!;
}

const SAME = { median: 1, lowest: 1, highest: 1 };

describe("bench results", () => {
  it("show median, lowest and highest value with significant digits", () => {
    const value = (median: number, lowest: number, highest: number) =>
      cellOf({ unit: "ns", value: { median, lowest, highest } });
    assertEquals(value(0.7512, 0.704, 12.3456), "0.75 ns (0.70–12.35)");
    assertEquals(value(43.217, 9.99, 100.5), "43.2 ns (10.0–100.5)");
    assertEquals(value(1860.4, 999.9, 12345.6), "1,860 ns (1,000–12,346)");
    assertEquals(value(3, 3, 3), "3 ns");
    assertEquals(cellOf({ unit: "", value: { median: 0, lowest: 0, highest: 2 } }), "0 (0–2)");
  });

  it("show whether the median reaches a goal", () => {
    const against = (median: number, goal: NonNullable<Figure["goal"]>) =>
      cellOf({ unit: "x", value: { median, lowest: 0.5, highest: 30.5 }, goal });
    assertEquals(against(0.75, { atMost: 0.75 }), "0.75 × (0.50–30.50), ≤ 0.75 ✓");
    assertEquals(against(0.76, { atMost: 0.75 }), "0.76 × (0.50–30.50), ≤ 0.75 ✗");
    assertEquals(against(20.1, { atLeast: 20 }), "20.1 × (0.5–30.5), ≥ 20 ✓");
    assertEquals(against(19.9, { atLeast: 20 }), "19.9 × (0.5–30.5), ≥ 20 ✗");
  });

  it("have one line for the same figure on all configurations, in the order of the figures", () => {
    const figure = (what: string, median: number, against?: string): Figure => ({
      what,
      unit: "ms",
      value: { ...spread([median]) },
      ...against === undefined ? {} : { against },
    });
    const section = partSection({
      name: "some part",
      about: "",
      runs: [
        { configuration: "Deno", outcome: { figures: [figure("b", 1), figure("a", 2), figure("a", 3, "b")] } },
        { configuration: "Bun", outcome: { figures: [figure("a", 4), figure("c|d", 5)] } },
      ],
    });
    assertEquals(linesOf(section), [
      ["b", "1 ms", "–"],
      ["a", "2 ms", "4 ms"],
      ["a, against b", "3 ms", "–"],
      ["c\\|d", "–", "5 ms"],
    ]);
  });

  it("start a part with its own heading, or with its name", () => {
    const heading = (about: string) => partSection({ name: "compare", about, runs: [] });
    assertEquals(heading(""), "## compare");
    assertEquals(heading("What it is.\n"), "## compare\n\nWhat it is.");
    assertEquals(heading("# A sample\n\nWhat it is.\n"), "## A sample\n\nWhat it is.");
  });

  it("show the output of a failed part, whatever it is", () => {
    const section = partSection(part([], "exit code 1\n```\n# no heading"));
    assert(section.includes("**Failed on Bun:**\n\n````text\nexit code 1\n```\n# no heading\n````"));
    assert(!section.includes("| what"));
  });

  it("have date and machine, missed goals and failures", () => {
    const figure: Figure = { what: "it", against: "that", unit: "x", value: SAME };
    const page = resultsPage(
      [part([{ ...figure, goal: { atMost: 1 } }, { ...figure, what: "else", goal: { atLeast: 2 } }, {
        ...figure,
        what: "more",
      }])],
      circumstances,
    );
    for (
      const text of [
        "Measured on 2026-11-22 by",
        "A processor with 2 cores and 8 GiB of memory under Linux 6.18, with Deno 2.9.6, Bun 1.4.5.",
        "**1 of 2 goals are reached.** Missed:\n\n- else, against that: Deno\n",
        "**Failed, so that nothing is known:**\n\n- some part: Bun\n",
      ]
    ) assert(page.includes(text), text);
    assert(page.endsWith("\n") && !page.endsWith("\n\n"));
  });

  it("can be updated by measuring some parts anew", () => {
    const of = (name: string, median: number): PartResults => {
      const figure: Figure = { what: `a|${name}`, unit: "x", value: spread([median]), goal: { atMost: 1 } };
      return { name, about: `# Of ${name}`, runs: [{ configuration: "Deno", outcome: { figures: [figure] } }] };
    };
    const page = resultsPage([of("one", 2), of("two", 1)], circumstances);
    assert(page.includes("**1 of 2 goals are reached.** Missed:\n\n- a|one: Deno\n\nTo repeat"));
    const updated = updatedPage(page, [of("one", 0.5), of("three", 3)], new Date("2026-12-24T00:00:00Z"));
    assert(updated.includes("Measured on 2026-11-22 by"));
    assert(updated.includes("**2 of 3 goals are reached.** Missed:\n\n- a|three: Deno\n\nTo repeat"));
    assertEquals(updated.match(/^## .+(\n\n_.+)?/gm), [
      "## How to read it",
      "## Of one\n\n_Measured on 2026-12-24._",
      "## Of two",
      "## Of three\n\n_Measured on 2026-12-24._",
    ]);
    assert(!updated.includes("2 × ") && updated.includes("0.50 ×") && updated.endsWith("|\n"));
  });
});

describe("comparison chart", () => {
  const bars = [
    { name: "slow", keeps: "every <sample> & more", deno: 5_000, bun: 300 },
    { name: "Kymo", keeps: "every sample", deno: 150, bun: 140 },
    { name: "fast", keeps: "sums", deno: 100, bun: 400 },
    { name: "bare", keeps: "nothing", deno: 200, bun: 80 },
  ];
  const svg = comparisonChart(bars, "bare", "Kymo");

  /** The lengths of the bars with a style, from above. */
  function lengths(style: string): number[] {
    return [...svg.matchAll(/<rect class="([^"]+)" x="232" y="[\d.]+" width="([\d.]+)"/g)]
      .filter(([, found]) => found === style).map(([, , width]) => Number(width));
  }

  it("starts with the baseline, and sorts the others by the time on Deno", () => {
    const names = [...svg.matchAll(/<text class="name(?: ours)?" [^>]+ text-anchor="end">([^<]+)</g)].map(([, name]) =>
      name
    );
    assertEquals(names, ["bare", "fast", "Kymo", "slow"]);
  });

  it("has bars in proportion to the times, and cuts one that is far longer", () => {
    const [bare, fast, slow] = lengths("pale-deno") as [number, number, number];
    const [kymo] = lengths("deno") as [number];
    assert(Math.abs(bare / fast - 2) < 0.01 && Math.abs(kymo / fast - 1.5) < 0.01);
    assert(slow < 5 * fast);
    assertEquals(svg.split('class="cut"').length - 1, 1);
    for (const number of ["5,000", "300", "150", "140"]) assert(svg.includes(`>${number}</text>`), number);
  });

  it("draws a line for each runtime at the end of its baseline bar", () => {
    const lines = [...svg.matchAll(/<path class="line (deno|bun)" d="M([\d.]+) /g)].map(([, , x]) => Number(x) - 232);
    assertEquals(lines.map(Math.round), [lengths("pale-deno")[0]!, lengths("pale-bun")[0]!].map(Math.round));
  });

  it("has a description in words, and is well-formed for any names", () => {
    assert(svg.includes("slow (keeps every &lt;sample&gt; &amp; more): 5000 on Deno, 300 on Bun."));
    assert(!svg.includes("<sample>"));
  });

  it("throws without a baseline", () => {
    assertThrows(
      () => comparisonChart(bars, "nobody", "Kymo"),
      Error,
      "Cannot draw the chart: nobody: no such contender",
    );
  });
});
