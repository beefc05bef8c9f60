import type { LivePage, LiveReport } from "../../../report/live/live_report.ts";
import type { Streaming, TextStream } from "../../context.ts";

/** A page in a browser that gets events. */
interface OpenPage {
  readonly level: string;
  readonly stream: TextStream;
  page: LivePage;
}

/** The events of all pages that are open (Server-Sent Events, which browsers connect to again by themselves). */
export class LivePages {
  readonly #report: LiveReport;
  readonly #open = new Set<OpenPage>();

  constructor(report: LiveReport) {
    this.#report = report;
  }

  /** What a page of this level is sent: all there is, and with each look what is new. */
  open(level: string): Streaming {
    return (stream) => {
      const { page, text } = this.#report.open(level);
      const open = { level, stream, page };
      stream.write(`retry: 1000\n\n${eventOf(text)}`);
      this.#open.add(open);
      return () => this.#open.delete(open);
    };
  }

  /** Reads what is new, and sends it to all pages. */
  look(): void {
    this.#report.look();
    for (const open of this.#open) {
      let text = this.#report.changes(open.page);
      if (text === undefined) ({ page: open.page, text } = this.#report.open(open.level));
      open.stream.write(eventOf(text));
    }
  }
}

/** An event; JSON has no line breaks. */
function eventOf(text: string): string {
  return `data: ${text}\n\n`;
}
