/** What is to be found in a CSV file. */
export interface ExpectedContent {
  /** `timepoint|measurement|label|pid`. */
  readonly rows: string[];
  /** Lines, from 1, of what is not read. */
  readonly unread: number[];
}

const HEADER = "Timepoint,Measurement,Label,PID";
const NUMBER = String.raw`-?(?:\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|inf|Infinity)|nan|NaN`;
/** A field that may be in quotes, whose content is the group of that name. */
const maybeQuoted = (name: string, content: string): string =>
  `(?<${name}Quote>"?)(?<${name}>${content})\\k<${name}Quote>`;
const ROW = new RegExp(
  [
    maybeQuoted("timepoint", String.raw`-?\d+`),
    maybeQuoted("measurement", NUMBER),
    String.raw`(?<label>"(?:[^"\0]|"")*"|[^",\r\n\0]+)`,
    maybeQuoted("pid", String.raw`\d+`),
  ].join(",") + String.raw`\r?\n`,
  "y",
);
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads the bytes of a CSV file as its documentation says, in the simplest mode: with a regular
 * expression, from any place on that may begin a row.
 */
export function expectedContent(bytes: Uint8Array): ExpectedContent {
  const text = new TextDecoder("latin1").decode(bytes);
  // What that decoder makes of bytes from 0x80 to 0x9f are other characters: places are the same.
  const content: ExpectedContent = { rows: [], unread: [] };
  const header = /^(?:\u00ef\u00bb\u00bf)?("?)Timepoint\1,\1Measurement\1,\1Label\1,\1PID\1\r?\n/.exec(text);
  if (header === null) throw new Error("no header");
  let line = 2;
  for (let at = header[0].length; at < text.length;) {
    ROW.lastIndex = at;
    const row = ROW.exec(text);
    const read = row && readRow(row, bytes.subarray(at));
    if (row && read) {
      content.rows.push(read);
      line += row[0].split("\n").length - 1;
      at += row[0].length;
      continue;
    }
    const lf = text.indexOf("\n", at);
    const rest = text.slice(at, lf < 0 ? undefined : lf).replace(/\r$/, "");
    if (lf < 0 || rest !== "" && rest.replaceAll('"', "") !== HEADER) content.unread.push(line);
    line++;
    at = lf < 0 ? text.length : lf + 1;
  }
  return content;
}

function readRow({ groups }: RegExpExecArray, bytes: Uint8Array): string | undefined {
  const { timepointQuote = "", timepoint = "", measurementQuote = "", measurement = "" } = groups ?? {};
  const { label: field = "", pid = "" } = groups ?? {};
  const time = BigInt(timepoint);
  if (time !== BigInt.asIntN(64, time) || Number(pid) > 0xffff_ffff) return undefined;
  if (timepoint.replace("-", "").length > 19) return undefined; // leading zeros beyond what 64 bits take
  const start = timepoint.length + measurement.length + 2 * (timepointQuote.length + measurementQuote.length) + 2;
  try {
    let label = utf8.decode(bytes.subarray(start, start + field.length));
    if (label.startsWith('"')) label = label.slice(1, -1).replaceAll('""', '"');
    return rowText(time, Number(measurement.replace(/inf$/, "Infinity")), label, Number(pid));
  } catch {
    return undefined;
  }
}

/** A row as a text, by which it is compared. */
export function rowText(timepoint: bigint, measurement: number, label: string, pid: number): string {
  return `${timepoint}|${Object.is(measurement, -0) ? "-0" : measurement}|${label}|${pid}`;
}
