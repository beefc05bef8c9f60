import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Program } from "../../../../../src/analysis/programs/program.ts";
import { remarksOn } from "../../../../../src/analysis/programs/remarks.ts";
import { REMARK_FORMAT } from "../../../../../src/cli/commands/summary/programs.ts";
import { formatSummary, type SummaryLook } from "../../../../../src/cli/commands/summary/text.ts";
import type { ProgramEnd } from "../../../../../src/files/program_record.ts";
import { look, runtimeOf, seriesOf, summaryOf } from "./summaries.ts";
import { programRecord } from "../../../../support/fake/program_record.ts";

/** The time of the summaries of these tests: 10 s. */
const first = 1_700_000_000_000_000_000n;
const second = 1_000_000_000n;

function programOf(isolate: string, from: number, end?: readonly [at: number, how: Omit<ProgramEnd, "at">]): Program {
  return {
    pid: 1,
    isolate,
    record: programRecord({
      isolate,
      started: first + BigInt(from) * second,
      ...end && { end: { ...end[1], at: first + BigInt(end[0]) * second } },
    }),
  };
}

const looking = (programs: readonly Program[]): SummaryLook => ({
  ...look,
  programs,
  remarks: remarksOn(programs, REMARK_FORMAT),
});

const [a, b] = ["0000000a", "0000000b"];
const processes = [a!, b!].map((isolate) => ({ pid: 1, isolate }));

describe("the programs of a summary", () => {
  it("that died are killed, also before anybody has recovered them", () => {
    const programs = [{ ...programOf(a!, 0), liveness: "dead" as const }];
    const text = formatSummary(summaryOf({ processes: [processes[0]!] }), looking(programs));
    assertMatch(text, /^! bun 1\.4\.5 · orders@web-2 was killed; it was last seen at /m);
  });

  it("are listed with their ends, and remarks below", () => {
    const programs = [
      programOf(a!, 0, [4, { how: "uncaught", error: "TypeError" }]),
      { ...programOf(b!, 5), liveness: "alive" as const },
    ];
    const lines = formatSummary(summaryOf({ processes }), looking(programs)).split("\n");
    const at = lines.indexOf("Programs");
    assertMatch(
      lines[at + 2]!,
      /^bun 1\.4\.5 · orders@web-2 \(1-0000000a\) .* 4 s +was ended by an uncaught TypeError$/,
    );
    assertMatch(lines[at + 3]!, /^bun 1\.4\.5 · orders@web-2 \(1-0000000b\) .* is recording$/);
    assertMatch(
      lines[at + 4]!,
      /^! bun 1\.4\.5 · orders@web-2 \(1-0000000a\) was ended by an uncaught TypeError at .*\.$/,
    );
  });

  it("are listed with the attributes in which they differ", () => {
    const withAttributes = (isolate: string, attributes: Record<string, string>): Program => {
      const program = programOf(isolate, 0, [10, { how: "stop" }]);
      return { ...program, record: { ...program.record!, attributes } };
    };
    const programs = [
      withAttributes(a!, { zone: "b", version: "1\x1b[31m", only: "here" }),
      withAttributes(b!, { zone: "b", version: "2" }),
    ];
    const text = formatSummary(summaryOf({ processes }), looking(programs));
    assertMatch(text, /^program +began +lived +end +attributes$/m);
    assertMatch(text, /\(1-0000000a\) .* version=1\\x1b\[31m, only=here$/m);
    assertMatch(text, /\(1-0000000b\) .* version=2$/m);
    const alike = [withAttributes(a!, { zone: "b" }), withAttributes(b!, { zone: "b" })];
    assertEquals(formatSummary(summaryOf({ processes }), looking(alike)).includes("attributes"), false);
  });

  it("are not listed if there is only one, which ended as asked", () => {
    const text = formatSummary(summaryOf({ processes: [processes[0]!] }), {
      ...looking([programOf(a!, 0, [10, { how: "stop" }])]),
    });
    assertEquals(text.includes("Programs"), false);
  });

  it("name the processes of the runtime, and those of series with --by-process", () => {
    const programs = [programOf(a!, 0, [10, { how: "stop" }]), programOf(b!, 0, [10, { how: "stop" }])];
    const summary = summaryOf({
      processes,
      durations: [seriesOf({ pid: 1, isolate: a! }), seriesOf({ pid: 1, isolate: b! })],
      runtime: [runtimeOf({ isolate: a! }), runtimeOf({ isolate: b! })],
    });
    const text = formatSummary(summary, { ...looking(programs), byProcess: true });
    assertEquals(text.match(/orders@web-2 \(1-0000000[ab]\)/g)?.length, 6);
  });

  it("give rates per second of the time in which one lived", () => {
    const programs = [programOf(a!, 0, [1, { how: "stop" }]), programOf(b!, 9, [10, { how: "stop" }])];
    const text = formatSummary(summaryOf({ processes, durations: [seriesOf({ count: 1_000 })] }), {
      ...look,
      programs,
    });
    assertStringIncludes(text, ", 10 s, in 2 s of which a program lived\n");
    assertMatch(text, /^work +1,000 +500 /m);
  });

  it("count figures of a process once, though its workers have them too", () => {
    const worker = programOf(b!, 0);
    const programs = [programOf(a!, 0), { ...worker, record: { ...worker.record!, kind: "worker" as const } }];
    const cpu = { label: "user time", unit: "s", kind: "counter", growth: 5 } as const;
    const five = [a!, b!, "0000000c", "0000000d", "0000000e"].map((isolate, i) =>
      runtimeOf({ ...cpu, pid: i < 2 ? 1 : i, isolate })
    );
    const text = formatSummary(summaryOf({ processes, runtime: five }), looking(programs));
    // Five of ten seconds each: one row by service, since there are more than four processes.
    assertMatch(text, /^user time +bun 1\.4\.5 · orders@web-2 +5\.00s, 0\.500 cores$/m);
    assertMatch(text, /^ +PID 2 +5\.00s, 0\.500 cores$/m);
  });

  it("show many processes by service, and their cores of the time in which they lived", () => {
    const isolates = Array.from({ length: 6 }, (_, i) => `0000000${i}`);
    const programs = isolates.map((isolate, i) => programOf(isolate, i, [i + 1, { how: "stop" }]));
    const runtime = isolates.map((isolate, i) =>
      runtimeOf({
        ...{ label: "user time", unit: "s", kind: "counter", growth: 0.5, isolate },
        first: first + BigInt(i) * second,
        last: first + BigInt(i + 1) * second,
      })
    );
    const text = formatSummary(summaryOf({ processes, runtime }), looking(programs));
    assertMatch(text, /^user time +bun 1\.4\.5 · orders@web-2, 6 processes +3\.00s, 0\.500 cores$/m);
  });
});
