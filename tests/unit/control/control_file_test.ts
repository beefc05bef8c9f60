import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import {
  type Control,
  encodeControl,
  MAX_CONTROL_BYTES,
  MAX_RULES,
  parseControl,
  readControl,
} from "../../../src/control/control_file.ts";
import { withRule } from "../../../src/control/change_control.ts";
import { MemoryDisk } from "../../support/fake/memory_disk.ts";

const FULL: Control = {
  id: "5f1c09a2",
  generation: 17,
  rules: [
    { record: false },
    { pid: 1, isolate: "0000beef", program: "or*", channel: "duration", label: "/a*", record: true, until: 17n },
  ],
  requests: [
    { id: "03b7e9d4", what: "flush", until: 10n ** 18n },
    { id: "13b7e9d4", what: "cpu-profile", pid: 7, until: 1n, duration: 30_000 },
  ],
};

function parseFields(fields: unknown): ReturnType<typeof parseControl> {
  return parseControl(new TextEncoder().encode(JSON.stringify(fields)));
}

const VALID = JSON.parse(new TextDecoder().decode(encodeControl(FULL)));

describe("a control file", () => {
  it("is read as it was written", () => {
    assertEquals(parseControl(encodeControl(FULL)), { ok: true, value: FULL });
  });

  it("may ask for profiles of up to 10 minutes", () => {
    const requests = [{ id: "03b7e9d4", what: "cpu-profile", until: "1", duration: 600_000 }];
    assertEquals(parseFields({ ...VALID, requests }).ok, true);
  });

  it("may have fields that this version does not know", () => {
    const rules = VALID.rules.map((rule: object) => ({ ...rule, colour: "red" }));
    assertEquals(parseFields({ ...VALID, rules, more: 1 }), { ok: true, value: FULL });
  });

  const wrong: Record<string, unknown> = {
    "no object": [],
    "another format": { ...VALID, format: 2 },
    "no format": { ...VALID, format: undefined },
    "no id": { ...VALID, id: undefined },
    "an id that is a path": { ...VALID, id: "../../x1" },
    "a negative generation": { ...VALID, generation: -1 },
    "rules that are no list": { ...VALID, rules: {} },
    "a rule that is no object": { ...VALID, rules: [1] },
    "a rule without record": { ...VALID, rules: [{}] },
    "a channel that is a path": { ...VALID, rules: [{ record: true, channel: "../x" }] },
    "an empty pattern": { ...VALID, rules: [{ record: true, label: "" }] },
    "a pattern that is too long": { ...VALID, rules: [{ record: true, label: "x".repeat(257) }] },
    "a PID that is a text": { ...VALID, rules: [{ record: true, pid: "1" }] },
    "an end that is a number": { ...VALID, rules: [{ record: true, until: 17 }] },
    "too many rules": { ...VALID, rules: Array.from({ length: MAX_RULES + 1 }, () => ({ record: true })) },
    "a request for something else": { ...VALID, requests: [{ id: "03b7e9d4", what: "eval", until: "1" }] },
    "a request without an end": { ...VALID, requests: [{ id: "03b7e9d4", what: "flush" }] },
    "a profile that is too long": {
      ...VALID,
      requests: [{ id: "03b7e9d4", what: "cpu-profile", until: "1", duration: 600_001 }],
    },
  };
  for (const [what, fields] of Object.entries(wrong)) {
    it(`is refused with ${what}`, () => {
      assertEquals(parseFields(fields).ok, false);
    });
  }

  it("is refused if it is too large, cut, or not UTF-8", () => {
    const bytes = encodeControl(FULL);
    const large = new Uint8Array(MAX_CONTROL_BYTES + 1).fill(0x20);
    large.set(bytes);
    for (const wrong of [large, bytes.subarray(0, -9), Uint8Array.of(0xff, ...bytes), new Uint8Array()]) {
      assertEquals(parseControl(wrong).ok, false);
    }
  });

  it("is not read from a directory", () => {
    const disk = new MemoryDisk();
    disk.ensureDirectory("/d/.control");
    const read = readControl(disk, "/d/.control");
    assert(!read.ok && read.kind === "not-a-file");
    assertEquals(readControl(disk, "/d/none").ok, false);
  });
});

describe("a rule that is added", () => {
  const until = 5n;
  it("replaces all others if it is about everything and has no end", () => {
    const before = [{ record: false, pid: 1 }, { record: false, until }];
    assertEquals(withRule(before, { record: true }), [{ record: true }]);
  });

  it("replaces those about the same that have no end", () => {
    const before = [{ record: false, pid: 1, label: "a" }, { record: false, pid: 1, label: "a", until }, {
      record: true,
    }];
    assertEquals(withRule(before, { record: true, label: "a", pid: 1 }), [
      { record: false, pid: 1, label: "a", until },
      { record: true },
      { record: true, label: "a", pid: 1 },
    ]);
  });

  it("leaves all others if it has an end, after which they hold again", () => {
    const before = [{ record: false }];
    assertEquals(withRule(before, { record: true, until }), [{ record: false }, { record: true, until }]);
  });
});
