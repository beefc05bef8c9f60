import { displayWidth, shorten } from "../../../display/text_width.ts";
import type { CliContext } from "../../context.ts";

/** What series may be ordered by. */
export const sortKeys = ["rate", "p50", "p99", "max", "label"] as const;

/** One of them. */
export type SortKey = typeof sortKeys[number];

/** In which order processes may be. */
export const orders = ["worst first", "by CPU", "by RSS", "by rate", "by name"] as const;

/** What Ctrl-C sends while keys are read, instead of a signal. */
const CTRL_C = "\x03";

/** Escapes, letters and whatever else a keyboard sends, one key each. */
const KEY = /\p{Cc}\[[\d;]*[A-Za-z~]|\p{Cc}O[A-Z]|[^]/gu;

/** What the user has chosen of the screen. */
export interface Choice {
  readonly sort: SortKey;
  /** The order of the processes. */
  readonly order: typeof orders[number];
  /** Whether each process is shown separately. */
  readonly byProcess: boolean;
  readonly isPaused: boolean;
  /** A part of the labels to show; empty for all. */
  readonly filter: string;
  /** Whether the filter is being typed. */
  readonly isTyping: boolean;
  /** Lines that are scrolled out above. */
  readonly scroll: number;
}

/** What the user asks by SIGINT and, if keys are read, by keys. */
export class Controls implements Disposable {
  /** Whether the user has asked to quit. */
  quits = false;
  /** Whether something else has been chosen since it was last set to false. */
  hasChanged = false;
  /** Whether there are keys. */
  readonly hasKeys: boolean;
  readonly #removeListener: () => void;
  readonly #height: () => number;
  #choice: Choice;
  #releaseKeyboard: (() => void) | undefined;

  /** Listens until disposal. `first` is what the command line says. */
  constructor(context: CliContext, readsKeys: boolean, first: Pick<Choice, "sort" | "byProcess">) {
    this.#choice = { ...first, order: orders[0], isPaused: false, filter: "", isTyping: false, scroll: 0 };
    this.#height = () => context.stdout.rows ?? 24;
    this.#removeListener = context.onInterrupt(() => this.quits = true);
    this.hasKeys = readsKeys && context.onKeys !== undefined;
    if (!readsKeys) return;
    this.#releaseKeyboard = context.onKeys?.((keys) => {
      for (const [key] of keys.matchAll(KEY)) this.#press(key);
    });
  }

  /** What is chosen now. */
  get choice(): Choice {
    return this.#choice;
  }

  /** Takes back lines that were scrolled beyond the end. */
  limitScroll(most: number): void {
    if (this.#choice.scroll > most) this.#choice = { ...this.#choice, scroll: Math.max(0, most) };
  }

  /** Stops reading keys. */
  releaseKeyboard(): void {
    this.#releaseKeyboard?.();
    this.#releaseKeyboard = undefined;
  }

  [Symbol.dispose](): void {
    this.releaseKeyboard();
    this.#removeListener();
  }

  #press(key: string): void {
    if (key === CTRL_C) this.quits = true;
    else if (this.#choice.isTyping) this.#type(key);
    else if (key === "q") this.quits = true;
    else this.#choose(key);
  }

  #type(key: string): void {
    const { filter } = this.#choice;
    if (key === "\r" || key === "\n") this.#set({ isTyping: false });
    else if (key === "\x1b") this.#set({ isTyping: false, filter: "" });
    else if (key === "\x7f" || key === "\b") this.#set({ filter: [...filter].slice(0, -1).join("") });
    else if (!/^\p{Cc}/u.test(key)) this.#set({ filter: filter + key, scroll: 0 });
  }

  #choose(key: string): void {
    const { sort, order, byProcess, isPaused, scroll } = this.#choice;
    const page = Math.max(1, this.#height() - 4);
    const move = (lines: number): void => this.#set({ scroll: Math.max(0, scroll + lines) });
    switch (key) {
      case "s":
        return this.#set({ sort: sortKeys[(sortKeys.indexOf(sort) + 1) % sortKeys.length]! });
      case "o":
        return this.#set({ order: orders[(orders.indexOf(order) + 1) % orders.length]! });
      case "p":
        return this.#set({ byProcess: !byProcess });
      case " ":
        return this.#set({ isPaused: !isPaused });
      case "/":
        return this.#set({ isTyping: true });
      case "\x1b":
        return this.#set({ filter: "" });
      case "\x1b[A":
      case "\x1bOA":
      case "k":
        return move(-1);
      case "\x1b[B":
      case "\x1bOB":
      case "j":
        return move(1);
      case "\x1b[5~":
        return move(-page);
      case "\x1b[6~":
        return move(page);
      case "\x1b[H":
      case "g":
        return this.#set({ scroll: 0 });
      case "\x1b[F":
      case "G":
        return this.#set({ scroll: Number.MAX_SAFE_INTEGER });
    }
  }

  #set(choice: Partial<Choice>): void {
    this.#choice = { ...this.#choice, ...choice };
    this.hasChanged = true;
  }
}

/**
 * The keys and what they do now, as they fit into a line: what does not fit says what the keys do,
 * the last first, and what is as at the beginning before what was chosen.
 */
export function keysLine({ sort, order, byProcess, isPaused, filter, isTyping }: Choice, width: number): string {
  if (isTyping) {
    const typed = `filter: ${filter}▏`;
    const whole = `${typed} (Enter keeps it, Esc shows all)`;
    return displayWidth(whole) <= width ? whole : shorten(typed, width);
  }
  const keys: { readonly key: string; word: string; readonly isChosen?: boolean }[] = [
    { key: "q", word: "quit" },
    { key: "s", word: `sort: ${sort}` },
    { key: "space", word: isPaused ? "go on" : "pause" },
    { key: "p", word: byProcess ? "in sum" : "by process" },
    { key: "/", word: filter === "" ? "filter" : `filter: ${filter}`, isChosen: filter !== "" },
    { key: "↑↓", word: "scroll" },
    { key: "o", word: `programs: ${order}`, isChosen: order !== orders[0] },
  ];
  const line = (): string => keys.map(({ key, word }) => word === "" ? key : `${key} ${word}`).join("  ");
  for (const isChosen of [false, true]) {
    for (const one of keys.toReversed()) {
      if (displayWidth(line()) > width && (one.isChosen ?? false) === isChosen) one.word = "";
    }
  }
  return shorten(line(), width);
}
