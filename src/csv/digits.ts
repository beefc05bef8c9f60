/**
 * Numbers and texts as bytes of CSV.
 *
 * Bytes are stored several at a time, as little-endian words: a store costs the same whatever its
 * width. The last word may reach beyond the end of what it stores, where the next store overwrites
 * it. So `OVERHANG` bytes must be free after all that is put.
 *
 * @module
 */

import { Byte } from "./dialect.ts";

/** Bytes after the end of what was put that may have been overwritten. */
export const OVERHANG = 3;

/**
 * The three decimal digits of 0 to 999, each followed by a comma, which stays if they are the last.
 */
const TRIPLES = triples();

/** Loops, since this is a part of the start of each program: a function for each takes 4 ms on Deno. */
function triples(): Int32Array {
  const words = new Int32Array(1000);
  let n = 0;
  for (let hundreds = 0; hundreds < 10; hundreds++) {
    for (let tens = 0; tens < 10; tens++) {
      const head = (Byte.zero + hundreds) | (Byte.zero + tens) << 8 | Byte.comma << 24;
      for (let ones = 0; ones < 10; ones++) words[n++] = head | (Byte.zero + ones) << 16;
    }
  }
  return words;
}

/**
 * Puts an integer from 0 to 999,999,999 as nine digits with leading zeros and a comma; returns its
 * end.
 */
export function putNineDigits(out: DataView, at: number, n: number): number {
  const whole = n | 0; // so that compilers divide integers
  const thousands = (whole / 1000) | 0;
  const millions = (thousands / 1000) | 0;
  out.setInt32(at, TRIPLES[millions]!, true);
  out.setInt32(at + 3, TRIPLES[thousands - millions * 1000]!, true);
  out.setInt32(at + 6, TRIPLES[whole - thousands * 1000]!, true);
  return at + 10;
}

/** Puts an integer from 0 to 2^53 without leading zeros; returns its end. */
export function putInteger(out: DataView, at: number, n: number): number {
  if (n < 10) {
    out.setUint8(at, Byte.zero + n);
    return at + 1;
  }
  let digits = 2;
  for (let limit = 100; n >= limit; limit *= 10) digits++;
  const end = at + digits;
  for (let i = end - 1, rest = n; i >= at; i--) {
    const tenth = Math.floor(rest / 10);
    out.setUint8(i, Byte.zero + (rest - tenth * 10));
    rest = tenth;
  }
  return end;
}

/** Puts a text of ASCII characters; returns its end. */
export function putAscii(out: DataView, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) out.setUint8(at + i, text.charCodeAt(i));
  return at + text.length;
}

/** Puts `length` bytes from the word `first` of `words` on; returns their end. */
export function putWords(out: DataView, at: number, words: Int32Array, first: number, length: number): number {
  for (let i = 0; i < length; i += 4) out.setInt32(at + i, words[first + (i >> 2)]!, true);
  return at + length;
}
