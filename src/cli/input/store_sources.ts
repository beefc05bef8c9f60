import type { TimeRange } from "../../analysis/frames/selection.ts";
import { KymoError } from "../../errors.ts";
import type { Runtime } from "../../runtime.ts";
import { isStoreAddress, readableAddress } from "../../stores/readable_address.ts";
import type { StoreAddress } from "../../stores/store_address.ts";
import { addressesInEnvironment, passwordFromFile, refusePassword } from "./store_password.ts";

/** What the user named, sorted by what it is. */
export interface NamedSources {
  /** All, as the analysis takes them. Addresses have their passwords. */
  readonly all: readonly string[];
  /** All, as people may see them: addresses without user and password. */
  readonly names: readonly string[];
  readonly paths: readonly string[];
  /** The addresses of databases, with their passwords. */
  readonly stores: readonly string[];
}

/**
 * Sorts what the user named, and finds the passwords of databases.
 *
 * @throws {KymoError} saying "Cannot `action`", if an address is wrong, or has a password.
 */
export function namedSources(
  sources: readonly string[],
  action: string,
  passwordFile: string | undefined,
  runtime: Pick<Runtime, "environment" | "files">,
): NamedSources {
  const parts = sources.map((source) => {
    if (!isStoreAddress(source, runtime.files)) return { source, name: source, isStore: false };
    const address = readableAddress(source, action, runtime.files);
    if (address.path !== undefined) return { source: address.name, name: address.name, isStore: true };
    refusePassword(address, action);
    const url = new URL(address.url);
    const password = passwordFromFile(passwordFile, runtime) ?? passwordInEnvironment(address, runtime);
    if (password !== undefined) url.password = encodeURIComponent(password);
    return { source: url.href, name: address.name, isStore: true };
  });
  return {
    all: parts.map(({ source }) => source),
    names: parts.map(({ name }) => name),
    paths: parts.filter(({ isStore }) => !isStore).map(({ source }) => source),
    stores: parts.filter(({ isStore }) => isStore).map(({ source }) => source),
  };
}

/** The password of an address that `KYMO_TO` has too. */
function passwordInEnvironment(
  { name, url: { username } }: StoreAddress,
  runtime: Pick<Runtime, "environment" | "files">,
): string | undefined {
  for (const text of addressesInEnvironment(runtime)) {
    let known: StoreAddress;
    try {
      known = readableAddress(text, "read", runtime.files);
    } catch (error) {
      if (error instanceof KymoError) continue; // it is shipped to, and cannot be read
      throw error;
    }
    const isSame = known.name === name && (username === "" || known.url.username === username);
    if (isSame && known.url.password !== "") return decodeURIComponent(known.url.password);
  }
  return undefined;
}

/** The time range of the rows of programs in databases; `undefined` if there are none. */
export async function rangeInStores(
  stores: readonly string[],
  program: readonly string[] | undefined,
  runtime: Runtime,
): Promise<TimeRange | undefined> {
  const { openStore, whileReadingStore } = await import("../../analysis/stored/open_store.ts");
  const ranges: TimeRange[] = [];
  for (const address of stores) {
    const store = await openStore(address, runtime, { ...program && { program } });
    try {
      const range = await whileReadingStore(() => store.range());
      if (range !== undefined) ranges.push(range);
    } finally {
      await store.close();
    }
  }
  return ranges.reduce<TimeRange | undefined>((all, { first, last }) => ({
    first: all === undefined || first < all.first ? first : all.first,
    last: all === undefined || last > all.last ? last : all.last,
  }), undefined);
}
