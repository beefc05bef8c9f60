import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseProcessKey, parseProgramFileName, processKey, programFileName } from "../../../src/files/names.ts";
import {
  encodeProgramRecord,
  MAX_PROGRAM_BYTES,
  parseProgramRecord,
  type ProgramRecord,
  readProgramRecord,
} from "../../../src/files/program_record.ts";
import { MemoryDisk } from "../../support/fake/memory_disk.ts";

const NAME = "program.7579-0194fdc2.json";

const RECORD: ProgramRecord = {
  kymo: "0.1.0",
  runtime: "bun",
  runtimeVersion: "1.4.5",
  pid: 7579,
  isolate: "0194fdc2",
  kind: "main",
  name: "orders",
  instance: "orders-7d9f",
  attributes: { zone: "b" },
  script: "server.ts",
  host: "web-2",
  timeZone: "Europe/Berlin",
  clock: "clock_gettime",
  started: 1795360370305798096n,
  options: { layout: "segments", flushInterval: 60_000, withRuntime: true },
  end: {
    how: "signal",
    at: 1795360390305798097n,
    signal: "SIGTERM",
    counts: { recorded: 12, flushed: 12 },
  },
};

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const fieldsOf = (record: ProgramRecord): Record<string, unknown> =>
  JSON.parse(new TextDecoder().decode(encodeProgramRecord(record)));

describe("the name of a program record", () => {
  it("has PID and isolate", () => {
    assertEquals(programFileName({ pid: 7579, isolate: "0194fdc2" }), NAME);
    assertEquals(parseProgramFileName(NAME), { pid: 7579, isolate: "0194fdc2" });
  });

  it("is none if anything about it is wrong", () => {
    for (
      const name of [
        "program.json",
        "program.1.json",
        "program.01-0194fdc2.json",
        `.${NAME}.tmp`,
        `x${NAME}`,
        `${NAME}x`,
      ]
    ) assertEquals(parseProgramFileName(name), undefined, name);
  });
});

describe("processKey", () => {
  it("is the PID alone where the isolate is not known", () => {
    assertEquals(processKey({ pid: 1, isolate: "0194fdc2" }), "1-0194fdc2");
    assertEquals(processKey({ pid: 1, isolate: "" }), "1");
    for (const id of [{ pid: 1, isolate: "0194fdc2" }, { pid: 7, isolate: "" }]) {
      assertEquals(parseProcessKey(processKey(id)), id);
    }
  });
});

describe("parseProgramRecord", () => {
  it("reads what encodeProgramRecord wrote, times to the nanosecond", () => {
    assertEquals(parseProgramRecord(NAME, encodeProgramRecord(RECORD)), { ok: true, value: RECORD });
    const { end: _end, script: _script, host: _host, timeZone: _timeZone, ...started } = RECORD;
    assertEquals(parseProgramRecord(NAME, encodeProgramRecord(started)), { ok: true, value: started });
  });

  it("ignores fields that it does not know", () => {
    const parsed = parseProgramRecord(NAME, bytesOf({ ...fieldsOf(RECORD), colour: "blue", links: { to: "x" } }));
    assertEquals(parsed, { ok: true, value: RECORD });
  });

  it("takes of attributes the texts, which it cuts, and up to 64", () => {
    const attributesOf = (attributes: unknown): unknown => {
      const parsed = parseProgramRecord(NAME, bytesOf({ ...fieldsOf(RECORD), attributes }));
      return parsed.ok && parsed.value.attributes;
    };
    assertEquals(attributesOf({ zone: "x", a: 1, b: null, c: { d: "e" }, "": "" }), { zone: "x", "": "" });
    for (const none of [undefined, null, "zone=x", 1, {}, { a: 1 }]) assertEquals(attributesOf(none), undefined);
    assertEquals(attributesOf({ ["n".repeat(300)]: "x".repeat(300) }), { ["n".repeat(256)]: "x".repeat(256) });
    const many = attributesOf(Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`a${index}`, ""])));
    assertEquals(Object.keys(many as object).length, 64);
  });

  it("tells another version from damage", () => {
    const kindOf = (value: unknown, name = NAME): string | undefined => {
      const parsed = parseProgramRecord(name, bytesOf(value));
      return parsed.ok ? undefined : parsed.kind;
    };
    assertEquals(kindOf({ ...fieldsOf(RECORD), format: 2 }), "other-version");
    assertEquals(kindOf({ ...fieldsOf(RECORD), format: undefined }), "damaged");
    assertEquals(kindOf(fieldsOf(RECORD), "program.7580-0194fdc2.json"), "damaged");
    assertEquals(kindOf({ ...fieldsOf(RECORD), started: 1795360370305798000 }), "damaged");
    assertEquals(kindOf({ ...fieldsOf(RECORD), kind: "thread" }), "damaged");
    for (const value of [null, [], 1, "x", {}]) assertEquals(kindOf(value), "damaged");
  });

  it("refuses a record that was cut at any byte, and one that is too large", () => {
    const whole = encodeProgramRecord(RECORD);
    for (let size = 0; size < whole.length - 2; size++) {
      assertEquals(parseProgramRecord(NAME, whole.subarray(0, size)).ok, false, `${size} bytes`);
    }
    const large = bytesOf({ ...fieldsOf(RECORD), name: "x".repeat(MAX_PROGRAM_BYTES) });
    assertEquals(parseProgramRecord(NAME, large).ok, false);
  });

  it("leaves out what is of a wrong type, and cuts long texts", () => {
    const parsed = parseProgramRecord(
      NAME,
      bytesOf({
        ...fieldsOf(RECORD),
        name: "x".repeat(10_000),
        host: 7,
        options: { layout: {}, flushInterval: 5 },
        end: { how: "stop", at: "12", exitCode: 1.5, counts: { recorded: "many", flushed: 3 } },
      }),
    );
    assert(parsed.ok);
    assertEquals(parsed.value.name.length, 256);
    assertEquals(parsed.value.host, undefined);
    assertEquals(parsed.value.options, { flushInterval: 5 });
    assertEquals(parsed.value.end, { how: "stop", at: 12n, counts: { flushed: 3 } });
  });

  it("does not throw on any JSON", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(fieldsOf(RECORD))), fc.jsonValue()), (fields) => {
        parseProgramRecord(NAME, bytesOf({ ...fieldsOf(RECORD), ...fields }));
      }),
    );
  });
});

describe("readProgramRecord", () => {
  /** A disk on which a file of this content is at `/m/<NAME>`. */
  function diskWith(content: Uint8Array | string, kind: "file" | "other" | "directory" = "file"): MemoryDisk {
    const disk = new MemoryDisk();
    disk.plant("/m", "directory");
    disk.plant(`/m/${NAME}`, kind, content);
    return disk;
  }
  const kindOf = (disk: MemoryDisk): string => {
    const read = readProgramRecord(disk, `/m/${NAME}`);
    assertEquals(disk.openHandles, 0);
    return read.ok ? "read" : read.kind;
  };

  it("reads a file, also through a link", () => {
    const disk = diskWith(encodeProgramRecord(RECORD));
    const read = readProgramRecord(disk, `/m/${NAME}`);
    assert(read.ok);
    assertEquals(read.value, RECORD);
    disk.move(`/m/${NAME}`, "/elsewhere");
    disk.plant(`/m/${NAME}`, "symlink", "/elsewhere");
    assertEquals(kindOf(disk), "read");
  });

  it("says why there is none", () => {
    assertEquals(kindOf(new MemoryDisk()), "gone");
    assertEquals(kindOf(diskWith("", "other")), "not-a-file");
    assertEquals(kindOf(diskWith("", "directory")), "not-a-file");
    assertEquals(kindOf(diskWith("{")), "damaged");
    assertEquals(kindOf(diskWith(bytesOf({ ...fieldsOf(RECORD), format: 2 }))), "other-version");
  });

  it("reads no more than the largest record has", () => {
    const disk = diskWith(new Uint8Array(2 * MAX_PROGRAM_BYTES).fill(32));
    let read = 0;
    const open = disk.open.bind(disk);
    disk.open = (path, access) => {
      const handle = open(path, access);
      return { ...handle, readAt: (into, at) => (read += into.length, handle.readAt(into, at)) };
    };
    assertEquals(kindOf(disk), "damaged");
    assertEquals(read, MAX_PROGRAM_BYTES + 1);
  });
});
