import cliProgress from "cli-progress";
import type { CliContext } from "../context.ts";

/** Work that is done sooner than this, in ms, shows no bar. */
const PATIENCE = 1_000;

/** How far some work has come, on the last line of a terminal. */
export interface ProgressBar extends Disposable {
  /** Tells that `done` of `total` parts are done; `detail` stands behind the bar. */
  update(done: number, total: number, detail: string): void;
}

/** A bar on `stderr` for work that begins now, shown if that is a terminal and the work takes over a second. It is wiped away when it is disposed of. */
export function progressBar({ stderr, now }: CliContext, title: string): ProgressBar {
  const begin = now();
  let bar: cliProgress.SingleBar | undefined;
  return {
    update(done, total, detail) {
      if (bar !== undefined) {
        bar.setTotal(total);
        bar.update(done, { detail });
      } else if (stderr.isTerminal && now() - begin > PATIENCE) {
        bar = new cliProgress.SingleBar({
          stream: { isTTY: true, columns: stderr.columns, write: stderr.write } as unknown as NodeJS.WritableStream,
          format: `${title} {bar} {detail}`,
          barsize: 30,
          clearOnComplete: true,
          // What an interruption would leave changed in the terminal is not touched.
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
