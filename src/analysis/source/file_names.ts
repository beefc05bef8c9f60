/**
 * What the names of files tell their readers. `files/names.ts` spells the names that Kymo gives;
 * here is what rotation, compression, file managers and people make of them:
 *
 * | name                                                                        | read as                       |
 * | --------------------------------------------------------------------------- | ----------------------------- |
 * | `duration.csv.1`, `duration.csv-20261128`, `duration.csv.old`, `….csv~`     | `duration.csv`                |
 * | `duration.1.csv`, `duration.2026-11-28.csv`                                 | `duration.csv`                |
 * | `duration (1).csv`, `duration - Copy.csv`, `Copy of duration.csv`           | `duration.csv`                |
 * | `DURATION.CSV`                                                              | `duration.csv`                |
 * | each of these and of Kymo's own names with `.gz`                            | the same                      |
 * | `duration-20261128.csv`, `duration_old.csv`, `Duration.csv`, `orders-20261128.csv` | see {@linkcode CsvName.otherwise} |
 *
 * The channel of any other CSV file is the part of its name before the first dot.
 *
 * @module
 */

import {
  parseCompactedFileName,
  parseSegmentFileName,
  type PublishedName,
  SPOOLS_DIRECTORY,
} from "../../files/names.ts";
import { isChannelName } from "../../segment/format.ts";
import { CHANNELS } from "../../series.ts";

/** What the name of a CSV file tells. */
export interface CsvName {
  /** The channel of its rows. */
  readonly channel: string;
  /** The isolate that recorded them; empty if the name does not tell. */
  readonly isolate: string;
  /** The name that Kymo gave it, as far as one can tell. Files that share it may be copies. */
  readonly original: string;
  /** The segment whose own file it is, or was before it was renamed. Absent if the name does not tell. */
  readonly segment?: PublishedName;
  /**
   * The channel if the name is as Kymo gave it after all: a program may call a channel of its own
   * `duration-20261128`. Absent if there is no doubt.
   */
  readonly otherwise?: string;
}

/** The name, `.csv`, and what follows that. */
const EXTENSION = /^(.+?)(\.csv)(?![a-z\d])(.*)$/is;

/** Kymo's names of most files: this tells it in a tenth of the time, and there may be 200,000. */
const SEGMENTS_OWN = /^[A-Za-z\d][\w-]*\.\d+-[\da-f]{8}-\d+\.csv$/;

/** What may be added to a name, each one by one: no text is read in two ways, so this stays fast. */
const ADDED = [
  "[-_.:t+]\\d+z?", // .1, -20261128, .2026-11-28T10:00:00Z
  "[-_. ]+(?:old|orig|original|bak|backup|copy|saved?|prev|previous|rotated|archived?)",
  " ?\\(\\d+\\)",
  " \\d+",
  "\\.?~(?:\\d+~)?",
].join("|");
const PACKED = "\\.(?:gz|gzip|zst|xz|bz2|lz4|zip|z)";
const ALL_ADDED = new RegExp(`^(?:${ADDED}|${PACKED})*$`, "i");
const ONE_ADDED = new RegExp(`(?:${ADDED})$`, "i");
const COPY_OF = /^(?:copy (?:\(\d+\) )?of )+/i;

/** What follows the names of files that are being written or copied. */
const UNFINISHED = /\.(?:te?mp|(?:file)?part|partial|crdownload|swp|lock)$/i;

/** Digits of the shortest date: `261128`. */
const DATE_DIGITS = 6;

const BUILT_IN: readonly string[] = Object.values(CHANNELS);

/** Of these channels the rows show what they are: see `channel_evidence.ts`. */
const VISIBLE = new RegExp(`^(${CHANNELS.duration}|${CHANNELS.client}|${CHANNELS.runtime})[-_]`, "i");

/** What is left of the name of a built-in channel's file that was renamed without its extension. */
const BARE = new RegExp(`^(?:${BUILT_IN.join("|")})(?:${ADDED}|${PACKED})*$`, "i");

/** What the name of any file tells if it is read as CSV. */
export function readCsvName(name: string): CsvName {
  const [, stem = name, extension = ".csv"] = EXTENSION.exec(name) ?? [];
  const text = stem.replace(COPY_OF, "");
  for (let rest: string | undefined = text; rest !== undefined; rest = withoutLast(rest)) {
    const original = `${rest}.csv`;
    const segment = parseSegmentFileName(original);
    if (segment !== undefined) {
      return { channel: segment.owner.channel, isolate: segment.owner.isolate, original, segment };
    }
  }
  const head = text.split(".", 1)[0] || text;
  const { channel, otherwise } = channelOf(head);
  const original = ALL_ADDED.test(text.slice(head.length)) ? `${channel}.csv` : `${text}.csv`;
  // Kymo writes its extension in small letters only.
  const isCertain = otherwise === undefined || extension !== ".csv" && isBuiltIn(head);
  return { channel, isolate: "", original, ...isCertain ? {} : { otherwise } };
}

/** Whether a file of this name in a directory is read as CSV. Hidden files are not published. */
export function isCsvName(name: string): boolean {
  if (SEGMENTS_OWN.test(name)) return true;
  const [, , , added] = EXTENSION.exec(name) ?? [];
  return added !== undefined && ALL_ADDED.test(added) && !name.startsWith(".");
}

/**
 * Whether a file in a directory may hold a recording, but its name does not say how it came about:
 * `duration.csv.html`, `duration.old`.
 */
export function isDoubtfulName(name: string): boolean {
  if (name.startsWith(".") || UNFINISHED.test(name) || isCsvName(name)) return false;
  return EXTENSION.test(name) || BARE.test(name);
}

/** Whether a file of this name shows that a program recorded into its directory. */
export function isRecordingName(name: string): boolean {
  return name === SPOOLS_DIRECTORY || isCsvName(name) || parseCompactedFileName(name) !== undefined ||
    isDoubtfulName(name);
}

/** The name of a CPU profile as its profiler gave it; `undefined` if a file of this name is none. */
export function originalProfileName(name: string): string | undefined {
  const [stem] = /^[^.].*?\.cpuprofile(?![a-z\d])/is.exec(name) ?? [];
  if (stem === undefined) return undefined;
  let rest = stem.replace(COPY_OF, "").replace(/\.cpuprofile$/i, "");
  for (let less = withoutCopyMark(rest); less !== rest; less = withoutCopyMark(rest)) rest = less;
  return `${rest}.cpuprofile`;
}

/** Without ` (1)` or ` - Copy` at its end. */
function withoutCopyMark(text: string): string {
  return text.replace(/(?: ?\(\d+\)| - copy| copy)$/i, "");
}

/** Whether a file of this name is a CPU profile, of Kymo or any other profiler. */
export function isProfileName(name: string): boolean {
  return originalProfileName(name) !== undefined;
}

/** The channel of a file by the part of its name before the first dot. */
function channelOf(head: string): { readonly channel: string; readonly otherwise?: string } {
  const [base, added] = split(head);
  const isName: boolean = isChannelName(head);
  if (!isName) {
    if (added !== "" && isChannelName(base)) return { channel: inSmallLetters(base) };
    const words = head.toLowerCase().split(/[^a-z\d]+/).filter(isBuiltIn);
    return { channel: new Set(words).size === 1 ? words[0]! : head };
  }
  if (BUILT_IN.includes(head)) return { channel: head };
  if (isBuiltIn(head)) return { channel: inSmallLetters(head), otherwise: head };
  const [, visible] = VISIBLE.exec(head) ?? [];
  if (visible !== undefined) return { channel: visible.toLowerCase(), otherwise: head };
  if (added === "" || !isChannelName(base)) return { channel: head };
  // Of `custom-1`, `sensor-1` and `orders_old` nobody could tell that they are not channels of the
  // program.
  const isDate = /^[-_\d]+$/.test(added) && added.replaceAll(/\D/g, "").length >= DATE_DIGITS;
  const isRenamed = isDate || isBuiltIn(base) && /[a-z]/i.test(added);
  return isRenamed ? { channel: inSmallLetters(base), otherwise: head } : { channel: head };
}

function isBuiltIn(name: string): boolean {
  return BUILT_IN.includes(name.toLowerCase());
}

/** The name of a built-in channel as it is spelled; other names as they are. */
function inSmallLetters(name: string): string {
  return isBuiltIn(name) ? name.toLowerCase() : name;
}

/** A name, and what was added to it. */
function split(name: string): readonly [base: string, added: string] {
  let base = name;
  for (let rest = withoutLast(base); rest !== undefined; rest = withoutLast(base)) base = rest;
  return [base, name.slice(base.length)];
}

/** A name without the last thing that was added to it; `undefined` if there is none. */
function withoutLast(name: string): string | undefined {
  const added = ONE_ADDED.exec(name);
  return added === null || added.index === 0 ? undefined : name.slice(0, added.index);
}
