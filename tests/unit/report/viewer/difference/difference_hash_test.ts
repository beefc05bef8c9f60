import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { differenceViews } from "../../../../../src/report/viewer/model/address/difference_hash.ts";
import type { LinkedView } from "../../../../../src/report/viewer/model/address/view_hash.ts";
import { marksOfSides } from "../../../../../src/report/viewer/difference/sides.ts";

/** Labels without what was recorded of them. */
const labels = ["/orders [GET]", "a/b&c=#ü"].map((label) => ({ label, step: 1, a: [], b: [] }));
const data = { bins: { width: 250_000_000, count: 40 }, comparisons: [], labels };
const views = differenceViews(data, { first: "/orders [GET]", verdicts: ["worse", "same"] });
const whole: LinkedView = {
  from: 0,
  to: 40,
  processes: new Set(),
  picked: new Set(),
  labelText: "",
  verdict: undefined,
  opened: "/orders [GET]",
};

describe("the view of a comparison in the address", () => {
  it("is nothing for the whole, with the label that is shown at first", () => {
    assertEquals(views.format(whole), "");
    for (const hash of ["", "#", "#nothing=known"]) assertEquals(views.parse(hash), whole);
  });

  it("is read as it was written, with times that anybody can read", () => {
    const view = { ...whole, from: 3, to: 17, labelText: "x y&", verdict: "worse", opened: "a/b&c=#ü" };
    const hash = views.format(view);
    assertEquals(hash, "time=0.75/4.25&find=x+y%26&verdict=worse&label=a/b%26c%3D%23%C3%BC");
    assertEquals(views.parse(`#${hash}`), view);
    // In a comparison with other bins the nearest ones are shown.
    const other = differenceViews({ ...data, bins: { width: 400_000_000, count: 40 } }, { first: "", verdicts: [] });
    assertEquals([other.parse(`#${hash}`).from, other.parse(`#${hash}`).to], [2, 11]);
  });

  it("is the whole where it is not understood, or not in the comparison", () => {
    for (const hash of ["#time=4", "#time=5/2", "#time=90/100", "#time=-1/2", "#verdict=bad", "#label=b"]) {
      assertEquals(views.parse(hash), whole);
    }
    assertEquals(views.parse("#time=5/1e3"), whole);
    assertEquals(views.parse("#time=5/99"), { ...whole, from: 20, to: 40 });
  });
});

describe("the marks of a comparison", () => {
  it("are of all runs, with the run that made each", () => {
    const run = (...times: number[]) => ({
      name: "",
      from: "0",
      span: 10,
      off: 0,
      rows: 1,
      empty: [],
      marks: times.map((at) => ({ at, text: `at ${at}` })),
    });
    const side = { name: "", programs: [] };
    const marks = marksOfSides({ a: { ...side, runs: [run(5), run(1, 9)] }, b: { ...side, runs: [run(3)] } });
    assertEquals(marks.map(({ at, text }) => `${at} ${text}`), ["1 A2: at 1", "3 B: at 3", "5 A1: at 5", "9 A2: at 9"]);
  });
});
