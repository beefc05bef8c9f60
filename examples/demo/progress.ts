import process from "node:process";
import { dim, green } from "./style.ts";

const BAR = 30;

/**
 * Shows the part of `duration` seconds that has passed, and the result of `tell`, on one line that
 * is redrawn until it is disposed of. Shows nothing if standard output is not a terminal.
 */
export function showProgress(duration: number, tell: () => string): Disposable {
  if (!process.stdout.isTTY) return { [Symbol.dispose]() {} };
  const start = performance.now();
  const draw = () => {
    const elapsed = Math.min(duration, (performance.now() - start) / 1000);
    const done = Math.floor(BAR * elapsed / duration);
    const bar = green("━".repeat(done)) + dim("─".repeat(BAR - done));
    process.stdout.write(`\r\x1b[2K  ${bar}  ${elapsed.toFixed(1)} of ${duration} s  ${dim(tell())}`);
  };
  draw();
  const timer = setInterval(draw, 100);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      process.stdout.write("\r\x1b[2K");
    },
  };
}
