import { Byte } from "./dialect.ts";

/** The three decimal digits of 0 to 999, one after the other. */
const TRIPLES = new Uint8Array(3000);
for (let n = 0; n < 1000; n++) {
  TRIPLES[3 * n] = Byte.zero + Math.floor(n / 100);
  TRIPLES[3 * n + 1] = Byte.zero + Math.floor(n / 10) % 10;
  TRIPLES[3 * n + 2] = Byte.zero + n % 10;
}

function putTriple(out: Uint8Array, at: number, n: number): void {
  out[at] = TRIPLES[3 * n]!;
  out[at + 1] = TRIPLES[3 * n + 1]!;
  out[at + 2] = TRIPLES[3 * n + 2]!;
}

/** Writes `n`, a whole number from 0 to 999,999,999, as nine digits with leading zeros; returns where it ended. */
export function putNineDigits(out: Uint8Array, at: number, n: number): number {
  const upper = (n / 1000) | 0;
  const millions = (upper / 1000) | 0;
  putTriple(out, at, millions);
  putTriple(out, at + 3, upper - millions * 1000);
  putTriple(out, at + 6, n - upper * 1000);
  return at + 9;
}

/** Writes a whole number from 0 to 2^53 without leading zeros; returns where it ended. */
export function putInteger(out: Uint8Array, at: number, n: number): number {
  if (n < 10) {
    out[at] = Byte.zero + n;
    return at + 1;
  }
  let digits = 2;
  for (let limit = 100; n >= limit; limit *= 10) digits++;
  const end = at + digits;
  for (let i = end - 1, rest = n; i >= at; i--) {
    const tenth = Math.floor(rest / 10);
    out[i] = Byte.zero + (rest - tenth * 10);
    rest = tenth;
  }
  return end;
}

/** Writes a text of ASCII characters; returns where it ended. */
export function putAscii(out: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) out[at + i] = text.charCodeAt(i);
  return at + text.length;
}
