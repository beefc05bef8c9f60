/** Eight random hexadecimal digits, the same again with a chance of one in four thousand million. */
export function randomIsolateId(): string {
  const [word = 0] = crypto.getRandomValues(new Uint32Array(1));
  return word.toString(16).padStart(8, "0");
}
