import type { ProgramFacts } from "../../src/runtime.ts";

/** What a runtime can tell; what it cannot is `undefined`. */
export interface KnownFacts {
  readonly isWorker: boolean;
  /** Path or URL of the code with which this isolate began. */
  readonly entry: string | undefined;
  /** May throw: the system has a host name, as a rule. */
  readonly host: () => string | undefined;
  /** The IANA time zone. */
  readonly timeZone: string | undefined;
}

/** The facts of a program. */
export function programFactsOf({ isWorker, entry, host, timeZone }: KnownFacts): ProgramFacts {
  return {
    kind: isWorker ? "worker" : "main",
    ...given("script", fileNameOf(entry)),
    ...given("host", orNothing(host)),
    ...given("timeZone", timeZone),
  };
}

/**
 * The file name in a path or URL. Directories, credentials and queries may be private. URLs of
 * workers that contain their code, or name it by a random number, have none.
 */
function fileNameOf(entry = ""): string | undefined {
  if (/^(data|blob):/i.test(entry)) return undefined;
  const isUrl = /^[a-z][a-z0-9+.-]+:\/\//i.test(entry);
  const name = (isUrl ? entry.replace(/[?#].*$/s, "") : entry).split(/[/\\]/).at(-1) ?? "";
  try {
    return isUrl ? decodeURIComponent(name) : name;
  } catch {
    return name; // a percent sign that begins no escape
  }
}

function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function given<K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } {
  return (value === undefined || value === "" ? {} : { [key]: value }) as { readonly [P in K]?: string };
}
