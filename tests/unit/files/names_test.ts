import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { KymoError } from "../../../src/errors.ts";
import {
  isCsvName,
  isDoubtfulName,
  isProfileName,
  isRecordingName,
  readCsvName,
} from "../../../src/analysis/source/file_names.ts";
import * as names from "../../../src/files/names.ts";

const isolate = fc.integer({ min: 0, max: 0xffffffff }).map((n) => n.toString(16).padStart(8, "0"));
const pid = fc.integer({ min: 0, max: 0xffffffff });
const alphanumeric = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"];
const channel = fc.tuple(
  fc.constantFrom(...alphanumeric),
  fc.array(fc.constantFrom(...alphanumeric, "-", "_"), { maxLength: 63 }),
).map(([first, rest]) => first + rest.join(""));
const owner = fc.record({ channel, pid, isolate });
const sequence = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 0xffffffff }));
const number = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1_000 }));
const segment = fc.record({ owner, sequence });

/** All names that a monitoring directory may have, but for those of spools. */
const anyName = fc.oneof(
  fc.tuple(segment, number).map(([segment, number]) => names.segmentFileName(segment, number)),
  channel.map(names.appendFileName),
  fc.tuple(owner, sequence, number).map(([owner, part, number]) => names.profileFileName(owner, part, number)),
);

describe("the name of a segment's file", () => {
  it("has channel, PID, isolate and sequence, and a number if the name was taken", () => {
    const segment = { owner: { channel: "custom", pid: 42, isolate: "0badcafe" }, sequence: 7 };
    assertEquals(names.segmentFileName(segment), "custom.42-0badcafe-000007.csv");
    assertEquals(names.segmentFileName(segment, 3), "custom.42-0badcafe-000007-3.csv");
    assertEquals(names.segmentKey(segment), "custom.42-0badcafe-000007");
    assertEquals(names.channelKey(segment.owner), "custom.42-0badcafe");
  });

  it("parses to the parts it was made of", () => {
    fc.assert(fc.property(segment, number, (segment, number) => {
      assertEquals(names.parseSegmentFileName(names.segmentFileName(segment, number)), { ...segment, number });
    }));
  });

  it("shows its isolate to databases too", () => {
    const isolateIn = new RegExp(names.SEGMENT_IN_PATH);
    fc.assert(fc.property(segment, number, (segment, number) => {
      const name = names.segmentFileName(segment, number);
      assertEquals(isolateIn.exec(name)?.[1], segment.owner.isolate);
      assertEquals(isolateIn.exec(`/dir.1-00000000-000001.csv/${name}`)?.[1], segment.owner.isolate);
    }));
    fc.assert(fc.property(anyName, (name) => {
      assertEquals(isolateIn.exec(`/dir/${name}`)?.[1], names.parseSegmentFileName(name)?.owner.isolate);
    }));
  });

  it("sorts in the order of sequences", () => {
    const owner = { channel: "custom", pid: 42, isolate: "0badcafe" };
    const all = [1, 2, 10, 99_999, 999_999].map((sequence) => names.segmentFileName({ owner, sequence }));
    assertEquals(all.toSorted(), all);
  });

  it("does not parse if anything about it is wrong", () => {
    for (
      const name of [
        "custom.csv",
        "custom.42-0badcafe.csv",
        "custom.42-0badcafe-1.csv",
        "custom.42-0badcafe-0000001.csv",
        "custom.42-0badcafe-000001-0.csv",
        "custom.042-0badcafe-000001.csv",
        "custom.42-0BADCAFE-000001.csv",
        "custom.42-0badcafe-000001.csv.tmp",
        "custom.42-0badcafe-000001.cpuprofile",
        ".custom.42-0badcafe-000001.csv",
        "_custom.42-0badcafe-000001.csv",
        `${"x".repeat(65)}.42-0badcafe-000001.csv`,
        "cus tom.42-0badcafe-000001.csv",
        "custom.42-0badcafe-000001.csv\n",
        "",
      ]
    ) assertEquals([name, names.parseSegmentFileName(name)], [name, undefined]);
  });

  it("is the only spelling of its parts", () => {
    fc.assert(fc.property(fc.stringMatching(/^[a-z]\.\d{1,3}-[0-9a-f]{8}-\d{5,8}(-\d{1,2})?\.csv$/), (name) => {
      const parts = names.parseSegmentFileName(name);
      if (parts !== undefined) assertEquals(names.segmentFileName(parts, parts.number), name);
    }));
  });
});

describe("the name of a CPU profile", () => {
  it("parses to the parts it was made of", () => {
    fc.assert(fc.property(pid, isolate, sequence, number, (pid, isolate, sequence, number) => {
      const name = names.profileFileName({ pid, isolate }, sequence, number);
      assertEquals(isProfileName(name), true);
      const owner = { channel: "profiler", pid, isolate };
      assertEquals(names.parseProfileFileName(name), { owner, sequence, number });
    }));
    assertEquals(
      names.profileFileName({ pid: 42, isolate: "0badcafe" }, 1),
      "profiler.42-0badcafe-000001.cpuprofile",
    );
  });

  it("does not parse if another profiler gave it, which is a profile even so", () => {
    for (const name of ["CPU.20261128.cpuprofile", "profiler.1.cpuprofile", "other.42-0badcafe-000001.cpuprofile"]) {
      assertEquals([names.parseProfileFileName(name), isProfileName(name)], [undefined, true]);
    }
    assertEquals(isProfileName(".profiler.42-0badcafe-000001.cpuprofile"), false);
  });
});

describe("the name of a spool", () => {
  it("parses to the parts it was made of", () => {
    const state = fc.constantFrom("complete", "unfinished", "damaged");
    fc.assert(fc.property(owner, number, state, (owner, number, state) => {
      const parts = { owner, number, state } as const;
      assertEquals(names.parseSpoolFileName(names.spoolFileName(parts)), parts);
    }));
    const owner1 = { channel: "custom", pid: 42, isolate: "0badcafe" };
    assertEquals(
      (["complete", "unfinished", "damaged"] as const).map((state) =>
        names.spoolFileName({ owner: owner1, number: 1, state })
      ),
      ["custom.42-0badcafe.1.spool", "custom.42-0badcafe.1.spool.tmp", "custom.42-0badcafe.1.spool.damaged"],
    );
  });

  it("does not parse if anything about it is wrong", () => {
    for (
      const name of [
        "a.spool",
        "custom.1-0badcafe.spool",
        ".custom.1-0badcafe.1.spool",
        "custom.1-0badcafe.01.spool",
        "custom.1-0badcafe.1.spool.old",
        "custom.1-0badcafe.1.spool.tmp.damaged",
        "custom.1-0badcafe.1.csv",
        "_custom.1-0badcafe.1.spool",
      ]
    ) assertEquals([name, names.parseSpoolFileName(name)], [name, undefined]);
  });
});

describe("a temporary name", () => {
  it("is one that no reader of published files takes", () => {
    fc.assert(fc.property(anyName, (name) => {
      const temporary = names.temporaryName(name);
      for (const hidden of [temporary, names.probeName("x")]) {
        assertEquals([isCsvName, isDoubtfulName, isProfileName, isRecordingName].map((is) => is(hidden)), [
          false,
          false,
          false,
          false,
        ]);
        assertEquals(names.parseSegmentFileName(hidden), undefined);
      }
    }));
  });

  it("of a file to append to contains the segment's owner and sequence, so that no two programs share one", () => {
    const segment = { owner: { channel: "custom", pid: 42, isolate: "0badcafe" }, sequence: 7 };
    assertEquals(names.temporaryAppendFileName(segment, 0), ".custom.csv.42-0badcafe-000007-0.tmp");
  });

  it("beside a file outside the monitoring directory begins with its path", () => {
    assertEquals(names.temporaryPathBeside("/home/x/report.html", 42), "/home/x/report.html.42.tmp");
  });
});

describe("the name of a file", () => {
  it("is not its whole path", () => {
    const paths = ["/a.b/duration.1.csv", "C:\\x.y\\duration.1.csv", "duration.1.csv"];
    assertEquals(paths.map(names.fileNameOf), Array(3).fill("duration.1.csv"));
  });

  it("tells a reader the channel and isolate for which Kymo gave it", () => {
    fc.assert(fc.property(segment, number, ({ owner, sequence }, number) => {
      const name = names.segmentFileName({ owner, sequence }, number);
      const segment = { owner, sequence, number };
      assertEquals(readCsvName(name), { channel: owner.channel, isolate: owner.isolate, original: name, segment });
      const { channel, otherwise = channel } = readCsvName(names.appendFileName(owner.channel));
      assertEquals(otherwise, owner.channel);
    }));
  });
});

describe("checkChannelName", () => {
  it("accepts letters, digits, underscore and hyphen", () => {
    for (const channel of ["a", "A", "0", "queue", "my-queue_2", "x".repeat(64), "CON-1"]) {
      names.checkChannelName("Cannot", channel);
    }
  });

  const outside = ["../x", "..", ".", "/abs", "a/b", "a\\b", "C:", ".hidden", "~", "$HOME", "%2e%2e"];
  const malformed = [
    "",
    " ",
    "a b",
    "a.csv",
    "-x",
    "_x",
    "x".repeat(65),
    "x".repeat(300),
    "é",
    "a\0",
    "a\n",
    "\na",
    "a,b",
    "*",
  ];
  const notStrings = [undefined, null, 1, ["a"], { toString: () => "a" }, new String("a"), Symbol("a")];
  for (const channel of [...outside, ...malformed, ...notStrings]) {
    it(`refuses ${String(channel).slice(0, 20)} (${typeof channel})`, () => {
      const check: (action: string, channel: unknown) => void = names.checkChannelName;
      const error = assertThrows(() => check("Cannot make the buffer", channel), KymoError);
      assertEquals(error.code, "invalid-argument");
      assertMatch(error.message, /^Cannot make the buffer: a channel name is 1 to 64 letters.*: .+$/s);
    });
  }
});

describe("the name of a compacted file", () => {
  const HOUR = 3_600_000;
  const digest = fc.array(fc.constantFrom(..."0123456789abcdef"), { minLength: 64, maxLength: 64 }).map((all) =>
    all.join("")
  );

  it("has the channel, an hour of UTC and the beginning of its digest", () => {
    const hour = Date.UTC(2026, 10, 28, 10, 59, 59, 999);
    assertEquals(
      names.compactedFileName("orders", hour, "0123456789abcdef"),
      "orders.2026-11-28T10.0123456789ab.parquet",
    );
  });

  it("parses to the parts it was made of", () => {
    const hours = fc.integer({ min: 0, max: 2_000_000 }).map((hour) => hour * HOUR);
    fc.assert(fc.property(channel, hours, digest, (channel, hour, digest) => {
      const name = names.compactedFileName(channel, hour, digest);
      assertEquals(names.parseCompactedFileName(name), { channel, hour, digest: digest.slice(0, 12) });
      assertEquals(name.split(".")[1], new Date(hour).toISOString().slice(0, 13));
    }));
  });

  it("is that of no other file", () => {
    fc.assert(fc.property(anyName, (name) => assertEquals(names.parseCompactedFileName(name), undefined)));
    for (
      const name of [
        "run.parquet",
        "orders.2026-11-28T25.0123456789ab.parquet",
        ".x.2026-11-28T10.0123456789ab.parquet",
      ]
    ) {
      assertEquals(names.parseCompactedFileName(name), undefined, name);
    }
  });
});
