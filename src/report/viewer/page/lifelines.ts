/**
 * When each program lived, and how it ended: a line for each.
 *
 * @module
 */

import { counted, formatInteger, formatSpan } from "../../../display/numbers.ts";
import type { LifeEnd, LivesData } from "../../shared/report_data.ts";
import { lengthOf, type Span, within } from "../../../statistics/spans.ts";
import { timeTicks } from "../../../display/ticks.ts";
import { digitsFor, type WallClock } from "../model/clock.ts";
import { marksOfLives } from "../model/life_marks.ts";
import { type RecordedTimes, recordersOf } from "../model/recorded.ts";
import type { ViewStore } from "../model/view_store.ts";
import { type Palette, paletteOf, processColour, translucent } from "../ui/colours.ts";
import { tableBehind, type TableContent } from "../ui/data_table.ts";
import { h, replace } from "../ui/dom.ts";
import { type Area, hatch } from "../ui/hatch.ts";
import { watch } from "../ui/lazy_drawing.ts";
import { drawMark, LIFE_MARKS, LIFE_WORDS, type LifeMark, markIcon } from "../ui/life_shapes.ts";

/** Number of lines shown at first. */
const FEW_LINES = 12;

/** Pixels of a line, and of a mark on it. */
const HEIGHT = 20;
const MARK = 9;

/** Pixels between two times. */
const TIME_SPACE = 90;

/** Creates the section; `undefined` if there is nothing to tell: a single process without a record. */
export function lifelines(store: ViewStore, clock: WallClock): HTMLElement | undefined {
  const { processes, lines } = store.data;
  const all = processes.flatMap(({ lives }) => lives);
  const hasPauses = processes.some(({ pauses }) => pauses !== undefined);
  if (processes.length === 0) return undefined;
  if (processes.length < 2 && !hasPauses && all.every(({ words }) => words === undefined)) return undefined;
  const list = h("ol", { class: "lifelines", tabindex: 0, "aria-label": "When each program lived" });
  const axis = h("div", { class: "life-axis", "aria-hidden": "true" });
  const more = h("button", { type: "button", class: "more" });
  const table = tableBehind("when programs lived");
  table.fill(() => tableOf(store, clock));
  const rows: Row[] = [];
  const show = (count: number): void => {
    while (rows.length < count) {
      const made = row(store, clock, rows.length);
      rows.push(made);
      list.append(made.element);
    }
    more.hidden = count === lines.length;
    more.textContent = `Show all ${lines.length} lines`;
  };
  more.addEventListener("click", () => show(lines.length));
  show(Math.min(FEW_LINES, lines.length));
  const showAxis = (): void => replace(axis, ...timesOf(store, clock, axis.clientWidth));
  const drawing = watch(axis, showAxis, () => {});
  store.subscribe((state, before) => {
    if (store.selectionChanged(before) || state.dark !== before.dark) drawing.redraw();
  });
  const marks = new Set<LifeMark>(
    all.flatMap(({ ends, begins }) => [...begins ? ["start" as const] : [], ...Object.keys(ends) as LifeEnd[]]),
  );
  const key = LIFE_MARKS.toReversed().filter((mark) => marks.has(mark))
    .map((mark) => h("span", {}, markIcon(mark), ` ${LIFE_WORDS[mark]}`));
  if (hasPauses) key.push(h("span", {}, h("i", { class: "mark off", "aria-hidden": "true" }), "recording off"));
  return h(
    "section",
    { class: "programs", "aria-labelledby": "programs" },
    h(
      "div",
      { class: "section-head" },
      h("h2", { id: "programs" }, "When programs lived"),
      h("p", { class: "life-key" }, ...key),
      table.toggle,
    ),
    h("div", { class: "life-frame" }, list, h("div", { class: "life-times" }, axis)),
    more,
    table.element,
  );
}

interface Row {
  readonly element: HTMLElement;
}

/** The line of a program: its name, its lives, and in words how they ended. */
function row(store: ViewStore, clock: WallClock, line: number): Row {
  const members = store.processesOf(line);
  const livesNow = (): LivesData[] => members.flatMap((process) => store.data.processes[process]?.lives ?? []);
  const timesNow = (): RecordedTimes => store.recordedTimes(recordersOf(members));
  const canvas = h("canvas", { "aria-hidden": "true", style: { height: `${HEIGHT}px` } });
  const place = h("div", { class: "life" }, canvas);
  const name = store.data.lines[line]?.name ?? "";
  const sign = h("i", { class: "mark area", "aria-hidden": "true" });
  const words = h("span", { class: "words" });
  const tell = (): void => replace(words, ...wordsOf(livesNow(), clock, store), offWords(timesNow()));
  const element = h("li", {}, h("span", { class: "name" }, sign, name), place, words);
  tell();
  const draw = (): void => {
    if (store.isLive) tell();
    const palette = paletteOf(store.state.dark);
    sign.style.setProperty("--colour", processColour(palette, line));
    element.classList.toggle("unselected", !members.some((process) => store.state.processes.has(process)));
    drawLives(canvas, place.clientWidth, store, palette, { lives: livesNow(), times: timesNow(), line });
  };
  const drawing = watch(place, draw, () => {});
  store.subscribe((state, before) => {
    if (store.selectionChanged(before) || state.dark !== before.dark) drawing.redraw();
  });
  return { element };
}

function drawLives(
  canvas: HTMLCanvasElement,
  width: number,
  store: ViewStore,
  palette: Palette,
  { lives, times, line }: {
    readonly lives: readonly LivesData[];
    readonly times: RecordedTimes;
    readonly line: number;
  },
): void {
  canvas.width = width * devicePixelRatio;
  canvas.height = HEIGHT * devicePixelRatio;
  const context = canvas.getContext("2d");
  if (context === null || width === 0) return;
  context.scale(devicePixelRatio, devicePixelRatio);
  const [from, to] = [store.state.from * store.binSeconds, store.state.to * store.binSeconds];
  const xOf = (seconds: number): number => (seconds - from) / (to - from) * width;
  context.fillStyle = palette.grid;
  context.fillRect(0, HEIGHT / 2 - 0.5, width, 1);
  const colour = processColour(palette, line);
  context.fillStyle = translucent(colour, 0.45);
  const areaOf = ({ from, to }: Span<number>): Area => {
    const [left, right] = [Math.max(0, xOf(from / 1e9)), Math.min(width, xOf(to / 1e9))];
    return { left, top: HEIGHT / 2 - 3, width: right - left, height: 6 };
  };
  // A life that has no length is drawn too, unless recording was off in it.
  const spans = lives.map(({ start, end }) => ({ from: start, to: end }));
  const drawn = times.off.length > 0 ? times.recorded : spans;
  for (const { left, top, width: length, height } of drawn.map(areaOf)) {
    if (left + length >= 0 && left <= width) context.fillRect(left, top, Math.max(1, length), height);
  }
  hatch(context, times.off.map(areaOf), { colour, step: 4 });
  context.fillStyle = colour;
  const placed = marksOfLives(lives, line).map((of) => ({ ...of, x: xOf(of.at) }))
    .filter(({ x }) => x >= -1 && x <= width + 1);
  for (const near of Map.groupBy(placed, ({ x }) => Math.floor(x / (MARK - 1))).values()) {
    const [first] = near.toSorted((a, b) => LIFE_MARKS.indexOf(a.mark) - LIFE_MARKS.indexOf(b.mark));
    const x = Math.min(width - MARK / 2 - 1, Math.max(MARK / 2 + 1, first!.x));
    drawMark(context, first!.mark, x, HEIGHT / 2, MARK);
  }
}

/** For how long recording of a line was off, behind how its lives ended. */
function offWords({ off, lived }: RecordedTimes): string {
  if (off.length === 0) return "";
  const [paused, whole] = [off, lived].map((times) => formatSpan(lengthOf(times) / 1e9));
  return `; recording was off for ${paused} of ${whole}${off.length === 1 ? "" : `, ${off.length} times`}`;
}

/** How the lives of a line ended: `was killed, 14:03:08`, or `7 lives: 6 ended by an uncaught error`. */
function wordsOf(lives: readonly LivesData[], clock: WallClock, store: ViewStore): (Node | string)[] {
  const count = lives.reduce((sum, { count }) => sum + count, 0);
  const [first] = lives;
  const digits = Math.min(1, digitsFor(store.data.span / 1e9 / 50));
  if (count === 1 && first !== undefined) {
    const [mark] = Object.keys(first.ends) as LifeEnd[];
    if (mark === undefined) return ["lived on"];
    const isOver = mark !== "recording" && mark !== "unknown";
    return [
      markIcon(mark),
      ` ${first.words ?? LIFE_WORDS[mark]}${isOver ? `, ${clock.time(first.end / 1e9, digits)}` : ""}`,
    ];
  }
  const ends = new Map<LifeEnd, number>();
  for (const life of lives) {
    for (const [how, count] of Object.entries(life.ends) as [LifeEnd, number][]) {
      ends.set(how, (ends.get(how) ?? 0) + count);
    }
  }
  const sorted = LIFE_MARKS.filter((mark): mark is LifeEnd => mark !== "start" && ends.has(mark));
  const parts = sorted.flatMap((how, i) => [
    i === 0 ? "" : ", ",
    h("span", {}, markIcon(how), ` ${formatInteger(ends.get(how)!)} ${LIFE_WORDS[how]}`),
  ]);
  return [`${formatInteger(count)} lives${parts.length === 0 ? "" : ": "}`, ...parts];
}

/** Times below the lines. */
function timesOf(store: ViewStore, clock: WallClock, width: number): HTMLElement[] {
  const [from, to] = [store.state.from * store.binSeconds, store.state.to * store.binSeconds];
  const { at, labels } = timeTicks(from, to, width / TIME_SPACE, clock);
  return at.map((seconds, i) => {
    const share = (seconds - from) / (to - from);
    return h("span", { style: { left: `${share * 100}%` }, hidden: share < 0.02 || share > 0.97 }, labels[i] ?? "");
  });
}

/** For how long recording of a process was off in a life. */
function offIn(store: ViewStore, process: number, life: Span<number>): string {
  const off = lengthOf(within(store.recordedTimes([{ process }]).off, life));
  return off === 0 ? "–" : formatSpan(off / 1e9);
}

function tableOf(store: ViewStore, clock: WallClock): TableContent {
  return {
    columns: ["Program", "PID", "Isolate", "Began", "Last seen", "End", "Recording off", "Observations"],
    rows: store.data.processes.flatMap(({ name, pid, isolate, rows, lives }, process) =>
      lives.map(({ start, end, begins, count, ends, words }) => [
        count === 1 ? name : `${name}, ${counted(count, "process")}`,
        count === 1 ? `${pid}` : "–",
        isolate === "" ? "–" : isolate,
        begins ? clock.time(start / 1e9, 3) : "before",
        clock.time(end / 1e9, 3),
        words ?? (Object.entries(ends) as [LifeEnd, number][])
          .map(([how, many]) => count === 1 ? LIFE_WORDS[how] : `${many} ${LIFE_WORDS[how]}`).join(", "),
        offIn(store, process, { from: start, to: end }),
        lives.length === 1 ? formatInteger(rows) : "–",
      ])
    ),
  };
}
