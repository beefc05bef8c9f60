import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { mkdirSync, writeFileSync } from "node:fs";
import { TelemetryDB } from "../../../../src/analysis/mod.ts";
import { HEADER } from "../../../../src/csv/dialect.ts";
import { encodeProgramRecord, type ProgramRecord } from "../../../../src/files/program_record.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";

function record(pid: number, isolate: string, name: string, layout: string): ProgramRecord {
  return {
    kymo: "1.2.3",
    runtime: "deno",
    runtimeVersion: "2.9.6",
    pid,
    isolate,
    kind: "main",
    name,
    clock: "performance.now",
    started: 1_700_000_000_000_000_000n,
    options: { layout },
  };
}

describe("TelemetryDB.open with program", () => {
  it("reads the rows of the services that match, by the records in the directory", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    mkdirSync(directory);
    const records = [
      record(1, "0000000a", "orders", "segments"),
      record(1, "0000000b", "billing", "segments"),
      record(2, "0000000c", "orders", "append"),
      record(3, "0000000d", "orders", "append"),
      record(3, "0000000e", "billing", "append"),
    ];
    for (const one of records) {
      writeFileSync(`${directory}/program.${one.pid}-${one.isolate}.json`, encodeProgramRecord(one));
    }
    const rows = (...pids: number[]): string =>
      HEADER + pids.map((pid, i) => `170000000000000000${i},0.5,work,${pid}\r\n`).join("");
    writeFileSync(`${directory}/duration.1-0000000a-000001.csv`, rows(1, 1));
    writeFileSync(`${directory}/duration.1-0000000b-000001.csv`, rows(1));
    writeFileSync(`${directory}/duration.4-0000000f-000001.csv`, rows(4)); // of which there is no record
    writeFileSync(`${directory}/duration.csv`, rows(2, 3, 3));
    const found = async (program: string | readonly string[]): Promise<unknown> => {
      await using db = await TelemetryDB.open(directory, { program });
      const table = await db.sql("SELECT PID::DOUBLE AS pid, Isolate AS isolate FROM duration ORDER BY ALL");
      const names = [...db.programRecords().byProcess.values()].map(({ isolate }) => isolate);
      return { rows: table.rows().map(({ pid, isolate }) => `${pid}-${isolate}`), names };
    };
    assertEquals(await found("ord*"), {
      // Rows of PID 3 may be of another service.
      rows: ["1-0000000a", "1-0000000a", "2-"],
      names: ["0000000a", "0000000c", "0000000d"],
    });
    assertEquals(await found("billing"), { rows: ["1-0000000b"], names: ["0000000b", "0000000e"] });
    assertEquals(await found(["orders", "b?lling"]), {
      rows: ["1-0000000a", "1-0000000a", "1-0000000b", "2-", "3-", "3-"],
      names: ["0000000a", "0000000b", "0000000c", "0000000d", "0000000e"],
    });
    assertEquals(await found("nobody"), { rows: [], names: [] });
  });
});
