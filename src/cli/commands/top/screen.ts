import type { Output } from "../../context.ts";

const enter = "\x1b[?1049h\x1b[?25l"; // the alternate screen, without a cursor
const leave = "\x1b[?25h\x1b[?1049l";
const beginFrame = "\x1b[?2026h\x1b[H"; // what comes is shown at once, from the corner on
const endOfLine = "\x1b[K";
const endFrame = "\x1b[J\x1b[?2026l";

/** All of a terminal, for as long as it is needed. What was on it comes back. */
export class Screen {
  readonly #output: Output;
  #isOpen = true;

  /** Takes the terminal. */
  constructor(output: Output) {
    this.#output = output;
    output.write(enter);
  }

  /** Shows these lines instead of what is there; they must not be wider than the terminal. What does not fit below is left out. */
  draw(lines: readonly string[]): void {
    const shown = lines.slice(0, this.#output.rows);
    this.#output.write(beginFrame + shown.map((line) => line + endOfLine).join("\r\n") + endFrame);
  }

  /** Gives the terminal back as it was. */
  close(): void {
    if (this.#isOpen) this.#output.write(leave);
    this.#isOpen = false;
  }
}
