import { formatSpan } from "../../../display/numbers.ts";
import { WallClock } from "../model/clock.ts";

/** The time since the beginning of a run, where a report has times of day. */
export class RunClock extends WallClock {
  constructor() {
    super("0");
  }

  override time(seconds: number, digits = 0): string {
    const [whole, part] = [Math.floor(seconds + 1e-9), seconds - Math.floor(seconds + 1e-9)];
    if (digits === 0 || part < 1e-9) return seconds < 1e-9 ? "0" : formatSpan(Math.round(seconds));
    if (seconds < 60) return formatSpan(Number(seconds.toFixed(digits)));
    return `${formatSpan(whole - whole % 60)} ${(whole % 60 + part).toFixed(digits)} s`;
  }

  override minute(seconds: number): string {
    return this.time(seconds);
  }

  override day(seconds: number): string {
    return this.time(seconds);
  }

  override date(seconds: number): string {
    return this.time(seconds);
  }

  override phase(): number {
    return 0;
  }
}
