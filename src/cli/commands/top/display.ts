import type { LiveInterval } from "../../../analysis/live/live_view.ts";
import type { CliContext } from "../../context.ts";
import { frame } from "./frame.ts";
import type { SortKey } from "./frame_options.ts";
import { Screen } from "./screen.ts";

/** What is shown, and how. */
export interface DisplayOptions {
  /** The monitoring directory, as the user called it. */
  readonly directory: string;
  readonly sort: SortKey;
  /** Which labels and processes the user asked for; all if it is not said. */
  readonly label?: readonly string[] | undefined;
  readonly pid?: readonly number[] | undefined;
  /** Whether programs are to read it. */
  readonly json: boolean;
}

/** Where intervals are shown. */
export interface Display extends Disposable {
  /** Whether it is a screen that the user may want to leave by a key. */
  readonly isScreen: boolean;
  /** Shows what is known before the first interval has ended, if that is of use there. */
  begin(known: LiveInterval): void;
  /** Shows an interval. */
  show(interval: LiveInterval): void;
}

/** Lines of JSON, a screen on a terminal, or else blocks of text. */
export function openDisplay(options: DisplayOptions, context: CliContext): Display {
  if (options.json) return jsonLines(context);
  return context.stdout.isTerminal ? screenful(options, context) : blocks(options, context);
}

function jsonLines({ stdout }: CliContext): Display {
  return {
    isScreen: false,
    begin: () => {},
    show({ time, series, ...interval }) {
      const told = series.map(({ history: _, ...one }) => one);
      stdout.write(`${JSON.stringify({ time: new Date(time).toISOString(), ...interval, series: told })}\n`);
    },
    [Symbol.dispose]: () => {},
  };
}

function blocks(options: DisplayOptions, { stdout }: CliContext): Display {
  const room = { width: undefined, height: undefined, hasColors: stdout.hasColors };
  let isFirst = true;
  return {
    isScreen: false,
    begin: () => {},
    show(interval) {
      const lines = frame(interval, { ...options, ...room });
      stdout.write(`${isFirst ? "" : "\n"}${lines.join("\n")}\n`);
      isFirst = false;
    },
    [Symbol.dispose]: () => {},
  };
}

function screenful(options: DisplayOptions, { stdout }: CliContext): Display {
  const screen = new Screen(stdout);
  const show = (interval: LiveInterval): void => {
    const { columns: width, rows: height, hasColors } = stdout; // it may have another size each time
    screen.draw(frame(interval, { ...options, width, height, hasColors }));
  };
  return {
    isScreen: true,
    begin: show,
    show,
    [Symbol.dispose]: () => screen.close(),
  };
}
