import { RowScanner } from "../../csv/row_scanner.ts";
import { release } from "../../files/directory.ts";
import {
  directoryOf,
  parseCompactedFileName,
  parseSegmentFileName,
  parseSpoolFileName,
  SPOOLS_DIRECTORY,
} from "../../files/names.ts";
import { type ByteSource, type FileHandle, type Files, readFully } from "../../runtime.ts";
import { parseSwitchLabel } from "../../recording_switch.ts";
import { CHANNELS, RUNTIME_SERIES } from "../../series.ts";
import type { CsvName } from "./file_names.ts";
import { GunzippedFile, isGzip } from "./gzip.ts";

/** Bytes at the beginning of a file whose rows are looked at: some 150 rows. */
const LOOKED_AT = 8 * 1024;

/** A row that begins as Kymo writes durations: with nine decimals, also if they are zeros. */
const DURATION_ROW = /^"?\d+"?, ?"?\d+\.\d{9}"?,/;

const RUNTIME_LABELS: ReadonlySet<string> = new Set(RUNTIME_SERIES.map(({ label }) => label));

/** What a directory tells of its channels. */
interface DirectoryChannels {
  /** Names of files. */
  readonly names: ReadonlySet<string>;
  /** Channels that have files of segments, compacted files or spools: these names leave no doubt. */
  readonly certain: ReadonlySet<string>;
}

/**
 * Decides which channel the file `duration-20261128.csv` is of: of `duration`, since rotation has
 * renamed it, or of a channel that a program has called so.
 *
 * It is the program's channel if the directory has files of segments or spools of that channel.
 * Otherwise the rows decide: those of `duration` have nine decimals, and those of `runtime` have
 * labels that Kymo knows. Other channels are numbers without unit whatever they are called: a file
 * is of `orders` if there are other files of `orders`, and of `custom` by its name.
 */
export class ChannelEvidence {
  readonly #files: Files;
  readonly #directories = new Map<string, DirectoryChannels>();

  /** Reads nothing yet. */
  constructor(files: Files) {
    this.#files = files;
  }

  /** The channel of the file at a path with this name. Does not throw. */
  channelOf({ channel, otherwise }: CsvName, path: string): string {
    if (otherwise === undefined) return channel;
    const { names, certain } = this.#directory(directoryOf(path));
    if (certain.has(otherwise)) return otherwise;
    switch (channel) {
      case CHANNELS.duration:
      case CHANNELS.client:
        return this.#everyRow(path, ({ beginning }) => DURATION_ROW.test(beginning)) ? channel : otherwise;
      case CHANNELS.runtime:
        return this.#everyRow(
            path,
            ({ row: { label } }) => RUNTIME_LABELS.has(label) || parseSwitchLabel(label) !== undefined,
          )
          ? channel
          : otherwise;
      case CHANNELS.custom:
        return channel;
      default:
        return certain.has(channel) || names.has(`${channel}.csv`) ? channel : otherwise;
    }
  }

  #directory(path: string): DirectoryChannels {
    const known = this.#directories.get(path);
    if (known !== undefined) return known;
    const names = this.#list(path);
    const spools = this.#list(`${path}/${SPOOLS_DIRECTORY}`);
    const owners = [...names.map(parseSegmentFileName), ...spools.map(parseSpoolFileName)];
    const certain = owners.flatMap((one) => one?.owner.channel ?? []);
    certain.push(...names.flatMap((name) => parseCompactedFileName(name)?.channel ?? []));
    const found = { names: new Set(names), certain: new Set(certain) };
    this.#directories.set(path, found);
    return found;
  }

  #list(path: string): string[] {
    try {
      return this.#files.list(path);
    } catch {
      return []; // there is none, or it tells nothing
    }
  }

  /** Whether the first rows of a file are all so; `true` if it has none, or cannot be read. */
  #everyRow(path: string, isSo: (scanner: RowScanner) => boolean): boolean {
    const scanner = new RowScanner().push(beginningOf(this.#files, path, LOOKED_AT));
    for (let found = scanner.next(); found !== "end"; found = scanner.next()) {
      if (found === "row" && !isSo(scanner)) return false;
    }
    return true;
  }
}

/** The first bytes of a file, decompressed; none if it cannot be read. */
export function beginningOf(files: Files, path: string, length: number): Uint8Array {
  let file: FileHandle | undefined;
  try {
    file = files.open(path, "read");
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, readFully(contentOf(file, file.status().size), bytes, 0));
  } catch {
    return new Uint8Array(); // the check reports it
  } finally {
    if (file !== undefined) release(file);
  }
}

/** What is in a file, decompressed if it is gzip. To be read from its beginning on. */
export function contentOf(file: FileHandle, size: number): ByteSource {
  return isGzip(file) ? new GunzippedFile(file, size) : file;
}
