import type { LiveInterval } from "../../../analysis/live/live_view.ts";
import { toJson } from "./json.ts";
import type { Controls } from "./controls.ts";
import { formatInterval } from "./text.ts";
import type { CliContext, Output } from "../../context.ts";

/** What to show, and how. */
export interface DisplayOptions {
  /** The monitoring directory as the user named it. */
  readonly directory: string;
  /** What the user has chosen, and the keys if there are any. */
  readonly controls: () => Controls;
  /** The selected labels and processes. Default: all. */
  readonly label?: readonly string[] | undefined;
  readonly processes?: string | undefined;
  /** Whether to print JSON. */
  readonly json: boolean;
}

/** Where intervals are shown. */
export interface Display extends Disposable {
  /** Whether it fills the screen, which a key leaves. */
  readonly isScreen: boolean;
  /** Shows what is known before the first interval has ended, if the display is a screen. */
  begin(known: LiveInterval): void;
  /** Shows an interval. */
  show(interval: LiveInterval): void;
  /** Shows the latest interval again, since something else was chosen. */
  redraw(): void;
}

/** Opens a display: lines of JSON, the screen of a terminal, or blocks of text. */
export function openDisplay(options: DisplayOptions, context: CliContext): Display {
  if (options.json) return jsonLines(context);
  return context.stdout.movesCursor ? screenful(options, context) : blocks(options, context);
}

function jsonLines({ stdout }: CliContext): Display {
  return {
    isScreen: false,
    begin: () => {},
    show: (interval) => stdout.write(toJson(interval)),
    redraw: () => {},
    [Symbol.dispose]: () => {},
  };
}

function blocks(options: DisplayOptions, { stdout }: CliContext): Display {
  const room = { width: undefined, height: undefined, hasColors: stdout.hasColors };
  const { controls, ...look } = options;
  let isFirst = true;
  return {
    isScreen: false,
    begin: () => {},
    show(interval) {
      const { lines } = formatInterval(interval, { ...look, ...room, choice: controls().choice, hasKeys: false });
      stdout.write(`${isFirst ? "" : "\n"}${lines.join("\n")}\n`);
      isFirst = false;
    },
    redraw: () => {},
    [Symbol.dispose]: () => {},
  };
}

function screenful(options: DisplayOptions, { stdout }: CliContext): Display {
  const screen = new Screen(stdout);
  const { controls, ...look } = options;
  let latest: LiveInterval | undefined;
  const redraw = (): void => {
    if (latest === undefined) return;
    const { columns: width, rows: height, hasColors } = stdout; // the user may resize it
    const { choice, hasKeys } = controls();
    const { lines, scrollable } = formatInterval(latest, { ...look, width, height, hasColors, choice, hasKeys });
    controls().limitScroll(scrollable);
    screen.draw(lines);
  };
  const show = (interval: LiveInterval): void => {
    if (controls().choice.isPaused) return;
    latest = interval;
    redraw();
  };
  return {
    isScreen: true,
    begin: show,
    show,
    redraw,
    [Symbol.dispose]: () => screen.close(),
  };
}

const enter = "\x1b[?1049h\x1b[?25l"; // alternate screen, hidden cursor
const leave = "\x1b[?25h\x1b[?1049l";
const beginUpdate = "\x1b[?2026h\x1b[H"; // synchronized update, from the top left corner
const endOfLine = "\x1b[K";
const endUpdate = "\x1b[J\x1b[?2026l";

/** The alternate screen of a terminal. */
export class Screen {
  readonly #output: Output;
  #isOpen = true;

  /** Enters the alternate screen. */
  constructor(output: Output) {
    this.#output = output;
    output.write(enter);
  }

  /**
   * Replaces what is shown. Lines must not be wider than the terminal; those below its height are
   * left out.
   */
  draw(lines: readonly string[]): void {
    const shown = lines.slice(0, this.#output.rows);
    this.#output.write(beginUpdate + shown.map((line) => line + endOfLine).join("\r\n") + endUpdate);
  }

  /** Restores the terminal. */
  close(): void {
    if (this.#isOpen) this.#output.write(leave);
    this.#isOpen = false;
  }
}
