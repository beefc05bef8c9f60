import { csvField } from "../../csv/field.ts";
import type { RowFormat } from "./row_format.ts";

/** Bytes of the longest number of a program, of two commas and a line end. */
const SUFFIX_BYTES = String(-(2n ** 63n)).length + 3;

const encoder = new TextEncoder();

/**
 * CSV without a header, ended by LF, with the columns timepoint, measurement, label, PID, channel and
 * the number of the program.
 */
export const csvRows: RowFormat = {
  moreBytes: (channel) => encoder.encode(csvField(channel)).length + SUFFIX_BYTES,
  put({ bytes }, at, _row, start, end) {
    bytes.copyWithin(at, start, end);
    return at + end - start;
  },
  suffix: (channel, _program, id) => encoder.encode(`,${csvField(channel)},${id}\n`),
};
