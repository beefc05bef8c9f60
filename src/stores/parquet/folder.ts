/**
 * The names in a folder of Parquet files that `kymo ship` fills: `channel=<channel>/date=<date of
 * UTC>/T<hour>Z-<part>.parquet`. What is in the files tells `ship/targets/parquet/format.ts`.
 *
 * @module
 */

/** The file that is locked by who writes. */
export const LOCK = ".kymo.lock";

const CHANNEL_FOLDER = /^channel=(.+)$/s;
const PART = /^(T\d\d)Z-([1-9]\d{0,8})\.parquet$/;

/** The name of the folder of a channel. */
export function channelFolder(channel: string): string {
  return `channel=${encodeURIComponent(channel)}`;
}

/** The channel of a folder; `undefined` if it is none. */
export function parseChannelFolder(name: string): string | undefined {
  const encoded = CHANNEL_FOLDER.exec(name)?.[1];
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

/** The number of a part of an hour, or of some hour of the day; `undefined` if a file of this name is none. */
export function parsePartName(name: string, hour?: string): number | undefined {
  const [, ofDay, number] = PART.exec(name) ?? [];
  return ofDay === undefined || hour !== undefined && !hour.endsWith(ofDay) ? undefined : Number(number);
}

/** Whether a file of this name is a part that was being written. */
export function isTemporaryPart(name: string): boolean {
  return name.startsWith(".") && name.endsWith(".tmp") && PART.test(name.slice(1, -".tmp".length));
}
