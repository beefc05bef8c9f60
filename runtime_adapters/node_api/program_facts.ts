import type { ProgramFacts } from "../../src/runtime.ts";
import { timeZone } from "../web_api/time_zone.ts";

/** The environment variable that names a service, of the OpenTelemetry specification. */
export const SERVICE_NAME_VARIABLE = "OTEL_SERVICE_NAME";

/** What a runtime can tell; what it cannot is `undefined`. */
export interface KnownFacts {
  readonly isWorker: boolean;
  /** Path or URL of the program's entry. */
  readonly entry: string | undefined;
  readonly host: string | undefined;
  readonly serviceName: string | undefined;
}

/** The facts of a program. Of the entry only the file name is kept: a path may be private. */
export function programFactsOf({ isWorker, entry, host, serviceName }: KnownFacts): ProgramFacts {
  const zone = timeZone();
  return {
    kind: isWorker ? "worker" : "main",
    ...given("script", entry?.replace(/[?#].*$/, "").split(/[/\\]/).at(-1)),
    ...given("host", host),
    ...given("timeZone", zone),
    ...given("serviceName", serviceName),
  };
}

function given<K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } {
  return (value === undefined || value === "" ? {} : { [key]: value }) as { readonly [P in K]?: string };
}
