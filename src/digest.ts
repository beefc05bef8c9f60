import { textDecoder } from "./text_coders.ts";

/** The ASCII digits of each byte, one after the other. */
const DIGITS = new Uint8Array(512);
for (let i = 0; i < 512; i++) DIGITS[i] = "0123456789abcdef".charCodeAt(i % 2 === 0 ? i >> 5 : i >> 1 & 15);

const latin1 = textDecoder("latin1");

/** SHA-256 of bytes, 64 hexadecimal digits. */
export async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const digits = new Uint8Array(2 * digest.length);
  for (let i = 0; i < digest.length; i++) {
    digits[2 * i] = DIGITS[2 * digest[i]!]!;
    digits[2 * i + 1] = DIGITS[2 * digest[i]! + 1]!;
  }
  return latin1.decode(digits);
}
