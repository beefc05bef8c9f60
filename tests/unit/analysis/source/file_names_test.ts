import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { parseSegmentFileName } from "../../../../src/files/names.ts";
import {
  isCsvName,
  isDoubtfulName,
  isRecordingName,
  originalProfileName,
  readCsvName,
} from "../../../../src/analysis/source/file_names.ts";

const SEGMENT = "duration.4711-0a1b2c3d-000001.csv";

describe("the name of a CSV file", () => {
  it("that rotation, a file manager or a user has changed tells the channel that it was of", () => {
    const names = [
      ...["duration.csv.1", "duration.csv.12", "duration.csv-20261128", "duration.csv-20261128-1795860000"],
      ...["duration.csv.2026-11-28", "duration.csv_2026-11-28T10:15:00Z", "duration.1.csv", "duration.2026-11-28.csv"],
      ...["duration.csv.old", "duration.csv.bak", "duration.csv_old", "duration.csv~", "duration.csv.~1~"],
      ...["duration (1).csv", "duration - Copy.csv", "duration - Copy (2).csv", "duration copy 2.csv"],
      ...["Copy of duration.csv", "Copy (2) of duration.csv", "Kopie von duration.csv", "duration final.csv"],
      "DURATION.CSV",
    ];
    for (const name of names.flatMap((name) => [name, `${name}.gz`, `${name}.xz`])) {
      const { channel, isolate, otherwise } = readCsvName(name);
      assertEquals([name, channel, isolate, otherwise], [name, "duration", "", undefined]);
      assertEquals([name, isCsvName(name)], [name, true]);
    }
    assertEquals(readCsvName("orders.csv.1.gz"), { channel: "orders", isolate: "", original: "orders.csv" });
    assertEquals(readCsvName("orders (1).csv").channel, "orders");
  });

  it("of a segment tells its isolate and Kymo's own name too, whatever has been added", () => {
    const added = [".gz", ".1", ".1.gz", "-20261128", ".old"].map((text) => `${SEGMENT}${text}`);
    const marks = [" (1)", " - Copy"].map((mark) => SEGMENT.replace(".csv", `${mark}.csv`));
    for (const name of [SEGMENT, ...added, ...marks, `Copy of ${SEGMENT}`]) {
      const segment = parseSegmentFileName(SEGMENT)!;
      assertEquals(readCsvName(name), { channel: "duration", isolate: "0a1b2c3d", original: SEGMENT, segment }, name);
    }
  });

  it("leaves a doubt if a channel of a program may be called so", () => {
    const names = ["duration-20261128", "duration_old", "duration-1", "duration-web", "Duration", "DURATION_1"];
    for (const otherwise of names) {
      const told = { channel: "duration", isolate: "", original: "duration.csv", otherwise };
      assertEquals(readCsvName(`${otherwise}.csv`), told);
    }
    for (const [channel, otherwise] of [["runtime", "runtime-2"], ["custom", "custom_old"], ["o", "o-2026-11-28"]]) {
      const told = readCsvName(`${otherwise}.csv`);
      assertEquals([told.channel, told.otherwise], [channel, otherwise]);
    }
  });

  it("is that of a channel if nothing shows that it was changed", () => {
    for (const channel of ["custom-1", "custom-orders", "orders_old", "sensor-1", "my-queue_2", "2026-11-28"]) {
      assertEquals(readCsvName(`${channel}.csv`), { channel, isolate: "", original: `${channel}.csv` });
    }
    for (const name of ["my own.csv", "plain", ".hidden", "my own"]) {
      assertEquals(readCsvName(name).channel, name.replace(".csv", ""));
    }
  });

  it("of the Python original is its own, so that its files are not taken for copies", () => {
    const name = "duration.b1946ac92492d2347c6235b4d2611184.csv";
    assertEquals(readCsvName(name), { channel: "duration", isolate: "", original: name });
  });

  it("is read in time that does not depend on what is in it", () => {
    const long = ["-1", ".old (1)", " 1 (1)", "~", ".csv", "copy of ", "-1:2+3t4"].map((text) => text.repeat(40));
    const begin = performance.now();
    for (const name of long.flatMap((text) => [`${text}.csv`, `a.csv${text}x`, `duration${text}x`])) {
      [readCsvName, isCsvName, isDoubtfulName, originalProfileName].forEach((read) => read(name));
    }
    assert(performance.now() - begin < 5_000); // it takes 5 ms, or years
  });
});

describe("a file in a monitoring directory", () => {
  it("is told of if it may hold rows but its name does not say how it came about", () => {
    const doubtful = ["duration.old", "duration.1", "duration", "runtime-20261128", "duration.gz", "duration.csv.html"];
    assertEquals(doubtful.filter(isDoubtfulName), doubtful);
    const others = [
      "notes.txt",
      "duration.parquet",
      "x.csvy",
      "x.csv.tmp",
      ".duration.csv.1",
      "program.1-0a1b2c3d.json",
    ];
    assertEquals(others.filter((name) => isDoubtfulName(name) || isCsvName(name)), []);
  });

  it("shows that something was recorded if it may hold rows, or is the directory of spools", () => {
    const all = [".spools", "x.csv", "duration.csv.1.gz", "duration.old", ".x.csv", "x.csv.tmp", "spools", "notes.txt"];
    assertEquals(all.filter(isRecordingName), [".spools", "x.csv", "duration.csv.1.gz", "duration.old"]);
  });
});

describe("the name of a CPU profile", () => {
  it("that was changed tells the one that its profiler gave it", () => {
    const name = "profiler.1-0a1b2c3d-000001.cpuprofile";
    const marked = name.replace(".cpu", " (1).cpu");
    for (const changed of [name, `${name}.gz`, `${name}.1.gz`, marked, `Copy of ${name}`]) {
      assertEquals(originalProfileName(changed), name);
    }
    assertEquals(originalProfileName("CPU.20261128.cpuprofile.1"), "CPU.20261128.cpuprofile");
    for (const other of [`.${name}`, "x.cpuprofiles", "x.json"]) assertEquals(originalProfileName(other), undefined);
  });
});
