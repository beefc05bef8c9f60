import type { ProgramRecord } from "../../../src/files/program_record.ts";

/** A program record with these properties: by default that of a service in a container. */
export function programRecord(properties: Partial<ProgramRecord> = {}): ProgramRecord {
  return {
    kymo: "0.1.0",
    runtime: "bun",
    runtimeVersion: "1.4.5",
    pid: 1,
    isolate: "0000000a",
    kind: "main",
    name: "orders",
    host: "web-2",
    clock: "clock_gettime",
    started: 0n,
    options: {},
    ...properties,
  };
}
