import cliProgress from "cli-progress";
import type { CliContext } from "../context.ts";

/** Milliseconds before a bar appears: shorter work shows none. */
const DELAY = 1_000;

/** A progress bar on the last line of a terminal. */
export interface ProgressBar extends Disposable {
  /** Shows that `done` of `total` parts are done, with `detail` after the bar. */
  update(done: number, total: number, detail: string): void;
}

/**
 * A bar on `stderr` for work that begins now; it appears if that is a terminal and the work takes
 * over a second. Disposing removes it.
 */
export function progressBar({ stderr, now }: CliContext, title: string): ProgressBar {
  const begin = now();
  let bar: cliProgress.SingleBar | undefined;
  return {
    update(done, total, detail) {
      if (bar !== undefined) {
        bar.setTotal(total);
        bar.update(done, { detail });
      } else if (stderr.movesCursor && now() - begin > DELAY) {
        bar = new cliProgress.SingleBar({
          stream: { isTTY: true, columns: stderr.columns, write: stderr.write } as unknown as NodeJS.WritableStream,
          format: `${title} {bar} {detail}`,
          barsize: 30,
          clearOnComplete: true,
          // Settings that an interruption would leave changed in the terminal stay off.
          linewrap: true,
          hideCursor: null,
          gracefulExit: false,
        }, cliProgress.Presets.shades_classic);
        bar.start(total, done, { detail });
      }
    },
    [Symbol.dispose]: () => bar?.stop(),
  };
}
