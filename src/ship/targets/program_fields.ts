import { NANOSECONDS_PER_MS } from "../../series.ts";
import { jsonText } from "../../small_json.ts";
import type { ShippedProgram } from "./target.ts";

/** What stores note of a program, for JSON: 64-bit numbers as texts, times as in ISO 8601. */
export interface ProgramFields {
  readonly id: string;
  readonly pid: number;
  readonly isolate: string;
  readonly service: string | undefined;
  readonly instance: string | undefined;
  readonly host: string | undefined;
  readonly runtime: string | undefined;
  readonly runtimeVersion: string | undefined;
  readonly kind: string | undefined;
  readonly script: string | undefined;
  readonly started: string | undefined;
  readonly ended: string | undefined;
  readonly howEnded: string | undefined;
  readonly attributes: Readonly<Record<string, string>> | undefined;
  /** The whole program record. */
  readonly record: unknown;
}

/** What stores note of a program. */
export function programFields({ id, pid, isolate, record, service }: ShippedProgram): ProgramFields {
  return {
    id: String(id),
    pid,
    isolate,
    service: record?.name ?? service,
    instance: record?.instance,
    host: record?.host,
    runtime: record?.runtime,
    runtimeVersion: record?.runtimeVersion,
    kind: record?.kind,
    script: record?.script,
    started: record && isoTime(record.started),
    ended: record?.end && isoTime(record.end.at),
    howEnded: record?.end?.how,
    attributes: record?.attributes,
    record: record &&
      JSON.parse(jsonText(record)),
  };
}

function isoTime(nanoseconds: bigint): string {
  return new Date(Number(nanoseconds / BigInt(NANOSECONDS_PER_MS))).toISOString();
}
