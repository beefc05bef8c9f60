/** Eight random hexadecimal digits: two isolates get the same id with a probability of 2^-32. */
export function randomIsolateId(): string {
  const [word = 0] = crypto.getRandomValues(new Uint32Array(1));
  return word.toString(16).padStart(8, "0");
}
