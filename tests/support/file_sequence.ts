/** A sequence number as it is written in the name of a file, independent of `src/files/names.ts`. */
export function sequenceText(sequence: number): string {
  return String(sequence).padStart(6, "0");
}
