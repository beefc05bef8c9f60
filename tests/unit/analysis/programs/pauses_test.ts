import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { processKey } from "../../../../src/files/names.ts";
import { EVER, FOREVER, Pauses, type SwitchContext, type SwitchRow } from "../../../../src/analysis/programs/pauses.ts";

const PROCESS = { pid: 7, isolate: "0a1b2c3d" };

type Row = readonly [at: number, value: number, label?: string];

function rowsOf(rows: readonly Row[], process = PROCESS): SwitchRow[] {
  return rows.map(([at, value, label = "recording"]) => ({ ...process, timepoint: BigInt(at), value, label }));
}

function pausesOf(rows: readonly Row[], context?: SwitchContext): Pauses {
  return new Pauses(rowsOf(rows), context);
}

/** The pauses of a process or a series of it, as numbers; `undefined` for one that never ended. */
function told(pauses: Pauses, series?: string, channel = "duration", process = PROCESS) {
  return pauses.of(process, series === undefined ? undefined : { channel, label: series })
    .map(({ from, to }) => [
      from === EVER ? undefined : Number(from),
      to === FOREVER ? undefined : Number(to),
    ]);
}

describe("Pauses", () => {
  it("last from the row that switches off to the one that switches on", () => {
    const pauses = pausesOf([[30, 0], [10, 0], [20, 1]]);
    assertEquals(told(pauses), [[10, 20], [30, undefined]]);
    assertEquals(told(pauses, "work"), [[10, 20], [30, undefined]]);
    assertEquals(told(pauses, "work", "duration", { pid: 7, isolate: "00000000" }), []);
    assertEquals(Pauses.none.of(PROCESS), []);
  });

  it("are not made or ended by what is said twice, or says nothing", () => {
    assertEquals(told(pausesOf([[5, 1], [10, 0], [12, 0], [13, 17], [14, NaN], [15, 0.5], [20, 1], [25, 1]])), [[
      10,
      20,
    ]]);
    assertEquals(pausesOf([[5, 17], [6, NaN]]).isEmpty, true);
    assertEquals(pausesOf([[5, 0, "recordings"], [6, 0, "rss"]]).isEmpty, true);
  });

  it("of one moment end as they began", () => {
    assertEquals(told(pausesOf([[10, 0], [10, 1], [20, 1]])), [[10, 20]]);
    assertEquals(told(pausesOf([[10, 0], [20, 1], [20, 0], [30, 1]])), [[10, 30]]);
  });

  it("of a channel or of labels are those of all and their own", () => {
    const pauses = pausesOf([
      [10, 0, "recording channel sales"],
      [20, 1, "recording channel sales"],
      [30, 0, "recording label /orders*"],
      [40, 0],
      [50, 1],
    ]);
    assertEquals(told(pauses), [[40, 50]]);
    assertEquals(told(pauses, "price", "sales"), [[10, 20], [40, 50]]);
    assertEquals(told(pauses, "/orders/:id [GET]"), [[30, 50]]);
    assertEquals(told(pauses, "/orders/:id [GET]", "sales"), [[10, 20], [30, 50]]);
    assertEquals(pauses.ofScope(PROCESS, { channel: "sales" }), [{ from: 10n, to: 20n }]);
    assertEquals(pauses.ofScope(PROCESS, { label: "/orders*" }), [{ from: 30n, to: 40n }]);
  });

  it("of everything but exceptions are no pauses of what was switched off on its own before", () => {
    const pauses = pausesOf([
      [10, 0, "recording label /orders*"],
      [20, 1],
      [30, 0],
      [30, 1, "recording channel duration"],
      [40, 0],
      [50, 1],
    ]);
    assertEquals(told(pauses), [[40, 50]]);
    assertEquals(pauses.ofScope(PROCESS, { label: "/orders*" }), [{ from: 10n, to: 20n }]);
    assertEquals(pauses.ofScope(PROCESS, { channel: "duration" }), []);
    assertEquals(pauses.ofRest(PROCESS), { pauses: [{ from: 30n, to: 40n }], exceptions: [{ channel: "duration" }] });
    assertEquals(pausesOf([[10, 0], [20, 1]]).ofRest(PROCESS), { pauses: [], exceptions: [] });
  });

  it("go on where a narrower switch is said anew, and end where it is an exception", () => {
    const again = pausesOf([[10, 0, "recording channel sales"], [20, 0], [30, 1], [30, 0, "recording channel sales"]]);
    assertEquals(told(again, "price", "sales"), [[10, undefined]]);
    assertEquals(told(again), [[20, 30]]);
    const exception = pausesOf([[10, 0], [10, 1, "recording label /a*"], [20, 0, "recording label /a*"], [30, 1]]);
    assertEquals(told(exception, "/a"), [[20, 30]]);
    assertEquals(told(exception, "/b"), [[10, 30]]);
    assertEquals(told(exception), [[20, 30]]); // something was recorded until 20
  });

  it("begin before rows that were not read, if these begin with a switch that is on", () => {
    assertEquals(told(pausesOf([[20, 1], [30, 0]])), [[30, undefined]]);
    const beganOff = new Set([processKey(PROCESS)]);
    assertEquals(told(pausesOf([[20, 1], [30, 0]], { beganOff })), [[undefined, 20], [30, undefined]]);
    assertEquals(told(pausesOf([[20, 0], [30, 1]], { beganOff })), [[20, 30]]);
    assertEquals(told(pausesOf([[20, 1]], { beganOff: new Set(["8"]) })), []);
  });

  it("of a PID end when the next program with it starts, unless that begins switched off", () => {
    const process = { pid: 1, isolate: "" };
    const second = 1_000_000_000;
    const starts = [{ pid: 1, started: BigInt(20 * second) }, { pid: 2, started: 0n }];
    const told = (...rows: Row[]) => {
      const pauses = new Pauses(rowsOf(rows.map(([at, value]) => [at * second, value]), process), { starts });
      return pauses.of(process).map(({ from, to }) => [from, to].map((at) => Math.round(Number(at) / second)));
    };
    const never = Math.round(Number(FOREVER) / second);
    assertEquals(told([10, 0]), [[10, 20]]);
    assertEquals(told([10, 0], [20, 0]), [[10, 20], [20, never]]);
    assertEquals(told([30, 0]), [[30, never]]);
  });

  it("of a million switches and of more scopes than anybody means are found in bounded time", () => {
    const rows = rowsOf(Array.from({ length: 1_000_000 }, (_, at) => [at, at % 2] as const));
    assertEquals(new Pauses(rows).of(PROCESS).length, 500_000);
    const scopes = rowsOf(Array.from({ length: 100_000 }, (_, i) => [i, 0, `recording label ${i}*`] as const));
    const pauses = new Pauses(scopes);
    assertEquals(told(pauses, "1"), [[1, undefined]]);
    assertEquals(told(pauses, "99999"), [[9, undefined]]);
    assertEquals(pauses.narrow.length, 256);
  });
});
