/**
 * The ticks of the axes of charts.
 *
 * @module
 */

/** Local times of some seconds since a beginning. */
export interface TickClock {
  /** A time such as `14:03:20.250`, with `digits` decimals. */
  time(seconds: number, digits?: number): string;
  /** A time such as `14:03`. */
  minute(seconds: number): string;
  /** A day such as `3 Nov`. */
  day(seconds: number): string;
  /** How many seconds into a period of local time the beginning is; `period` is in seconds. */
  phase(period: number): number;
}

/** Round steps of at least a second, seconds. */
const TIME_STEPS = [
  ...[1, 2, 5, 10, 15, 30],
  ...[60, 120, 300, 600, 900, 1800],
  ...[3600, 7200, 10_800, 21_600, 43_200],
  ...[86_400, 172_800, 604_800],
];

/** Returns the smallest number of 1, 2 or 5 times a power of ten that is not below `value`. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power *
    ([1, 2, 5, 10].find((factor) => factor * power >= value * (1 - 1e-9)) ??
      10);
}

/** Returns ticks of a linear axis: about `most` at most, at round numbers. */
export function linearTicks(min: number, max: number, most: number): number[] {
  if (!(max > min)) return [min];
  const step = roundUp((max - min) / most);
  const first = Math.ceil(min / step - 1e-9);
  const last = Math.floor(max / step + 1e-9);
  return Array.from(
    { length: Math.max(0, last - first + 1) },
    (_, at) => Number(((first + at) * step).toPrecision(12)),
  );
}

/**
 * Returns ticks of a logarithmic axis: powers of ten, with 2 and 5 times them if there is room, or
 * round numbers if there are fewer than two of these.
 */
export function logTicks(min: number, max: number, most: number): number[] {
  const decades = Math.log10(max / min);
  const factors = decades * 3 <= most ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / most));
  const ticks: number[] = [];
  for (
    let power = Math.floor(Math.log10(min));
    power <= Math.ceil(Math.log10(max));
    power++
  ) {
    if (power % every !== 0) continue;
    for (const factor of factors) {
      const tick = Number((factor * 10 ** power).toPrecision(3));
      if (tick >= min * (1 - 1e-9) && tick <= max * (1 + 1e-9)) {
        ticks.push(tick);
      }
    }
  }
  return ticks.length >= 2 ? ticks : linearTicks(min, max, Math.min(most, 4));
}

/** Ticks of a time axis, with labels. */
export interface TimeTicks {
  /** Seconds since the clock's beginning. */
  readonly at: number[];
  readonly labels: string[];
}

/** Returns ticks of a time axis, at round times of day. */
export function timeTicks(min: number, max: number, most: number, clock: TickClock): TimeTicks {
  const wanted = (max - min) / Math.max(1, most);
  const step = wanted <= 0.5 ? roundUp(wanted) : TIME_STEPS.find((step) => step >= wanted) ?? roundUp(wanted);
  const phase = clock.phase(step);
  const first = Math.ceil((min + phase) / step - 1e-9);
  const length = Math.max(0, Math.floor((max + phase) / step + 1e-9) - first + 1);
  const at = Array.from({ length }, (_, index) => (first + index) * step - phase);
  return { at, labels: at.map((seconds) => timeLabel(seconds, step, clock)) };
}

function timeLabel(seconds: number, step: number, clock: TickClock): string {
  if (step >= 86_400) return clock.day(seconds);
  if (step >= 60) {
    return clock.minute(seconds) === "00:00" ? clock.day(seconds) : clock.minute(seconds);
  }
  return clock.time(seconds, step >= 1 ? 0 : Math.min(9, Math.ceil(-Math.log10(step) - 1e-9)));
}

/** Returns the range of a logarithmic axis from `min` to `max`, with a margin. */
export function logRange(min: number, max: number): [min: number, max: number] {
  const low = Math.max(min, 1e-9);
  const air = Math.max(1.12, (max / low) ** 0.04);
  return [low / air, Math.max(max, low) * air];
}
