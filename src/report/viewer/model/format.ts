/**
 * Numbers in words, short enough for a table and the axis of a chart.
 *
 * @module
 */

import type { QuantityData } from "../../shared/report_data.ts";

/** Between a number and its unit: no line breaks there. */
const SPACE = "\u00a0";

const DURATION_UNITS: readonly [size: number, name: string][] = [
  [1, "s"],
  [1e-3, "ms"],
  [1e-6, "µs"],
  [1e-9, "ns"],
];
const DECIMAL_UNITS: readonly [size: number, prefix: string][] = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

/** A number with three significant digits, and none cut off before the point. */
export function significant(value: number): string {
  if (value === 0) return "0";
  const rounded = Number(value.toPrecision(3));
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(rounded)) + 1e-9));
  return digits > 8 ? value.toExponential(2) : rounded.toFixed(digits);
}

/** A whole number, its thousands set apart: `12,345`. */
export function integer(value: number): string {
  return Math.round(value).toString().replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

/** A duration in seconds: `1.24 ms`. */
export function duration(seconds: number): string {
  if (seconds === 0) return `0${SPACE}s`;
  const size = Math.abs(seconds);
  if (size >= 100) return span(seconds);
  const [unit, name] = DURATION_UNITS.find(([unit]) => size >= unit * 0.9995) ??
    [1e-9, "ns"];
  return `${significant(seconds / unit)}${SPACE}${name}`;
}

/** A long time in seconds, as one would say it: `2 h 5 min`, `3 min 20 s`, `4.2 s`. */
export function span(seconds: number): string {
  if (seconds < 100) return duration(seconds);
  const whole = Math.round(seconds);
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  return parts.slice(first, first + 2).filter(([value]) => value > 0).map(([value, unit]) => `${value}${SPACE}${unit}`)
    .join(" ");
}

/** Bytes, in decimal units: `12.5 MB`. */
export function bytes(value: number): string {
  return scaled(value, "B");
}

/** A number with a decimal prefix before its unit: `1.20 k/s`. */
function scaled(value: number, unit: string): string {
  const [size, prefix] = DECIMAL_UNITS.find(([size]) => Math.abs(value) >= size * 0.9995) ?? [1, ""];
  const number = size === 1 && Number.isInteger(value) ? value.toString() : significant(value / size);
  return `${number}${prefix === "" && unit === "" ? "" : SPACE}${prefix}${unit}`;
}

/** A count, shortened from 10,000 on: `12.3 k`. */
export function count(value: number): string {
  return value < 10_000 && Number.isInteger(value) ? integer(value) : scaled(value, "");
}

/** Events per second. */
export function rate(perSecond: number): string {
  if (perSecond < 1_000) return `${significant(perSecond)}/s`;
  return perSecond < 10_000 ? `${integer(perSecond)}/s` : scaled(perSecond, "/s");
}

/** How the numbers of a quantity are told. */
export function formatOf(unit: QuantityData["unit"]): (value: number) => string {
  switch (unit) {
    case "s":
      return duration;
    case "bytes":
      return bytes;
    case "bytes/s":
      return (value) => scaled(value, "B/s");
    case "cores":
      return significant;
    case "1/s":
      return rate;
    case "":
      return (value) => scaled(value, "");
  }
}

/** A share as a percentage. */
export function percent(share: number): string {
  return `${share >= 0.1 ? (share * 100).toFixed(0) : significant(share * 100)}${SPACE}%`;
}
