import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { ProgramEnd, ProgramRecord } from "../../../../src/files/program_record.ts";
import {
  lastSeenOf,
  type Program,
  programNames,
  programsOf,
  withoutWorkers,
} from "../../../../src/analysis/programs/program.ts";
import { lifeIn } from "../../../../src/analysis/programs/lived_time.ts";
import { secondsIn } from "../../../../src/statistics/spans.ts";
import { type Remark, remarksOn } from "../../../../src/analysis/programs/remarks.ts";
import { FOREVER, Pauses } from "../../../../src/analysis/programs/pauses.ts";
import { remarksOnPauses } from "../../../../src/analysis/programs/pause_remarks.ts";
import { programRecord } from "../../../support/fake/program_record.ts";

const SECOND = 1_000_000_000n;
let isolates = 0;

/** A program that lives from `begin` s to `end` s, if it has an end. */
function program(
  name: string,
  begin: number,
  end?: readonly [at: number, end: Omit<ProgramEnd, "at">],
  more: Partial<ProgramRecord> = {},
): Program {
  const isolate = (++isolates).toString(16).padStart(8, "0");
  const record = programRecord({
    isolate,
    name,
    started: BigInt(begin) * SECOND,
    ...end && { end: { ...end[1], at: BigInt(end[0]) * SECOND } },
    ...more,
  });
  return { pid: record.pid, isolate: record.isolate, record };
}

const remarks = (programs: readonly Program[]): Remark[] =>
  remarksOn(programs, { time: (timepoint) => `${timepoint / SECOND}`, span: (seconds) => `${seconds} s` });
const texts = (programs: readonly Program[]): string[] => remarks(programs).map(({ text }) => text);
const stopped: Omit<ProgramEnd, "at"> = { how: "stop" };

describe("programNames", () => {
  const names = (programs: readonly Program[]): string[] => [...programNames(programs).values()];

  it("have runtime, service and host, and say who is a worker", () => {
    assertEquals(names([program("orders", 0), program("orders", 0, undefined, { kind: "worker" })]), [
      "bun 1.4.5 · orders@web-2",
      "bun 1.4.5 · orders@web-2 worker",
    ]);
  });

  it("have the instance, unless it is called as the host or stands for it", () => {
    const nameOf = (record: Partial<ProgramRecord>): string | undefined =>
      names([program("a", 0, undefined, record)])[0];
    assertEquals(nameOf({ instance: "b" }), "bun 1.4.5 · a/b@web-2");
    assertEquals(nameOf({ instance: "web-2" }), "bun 1.4.5 · a@web-2");
    assertEquals(nameOf({ instance: "web-2", host: "web-2.example.org" }), "bun 1.4.5 · a@web-2.example.org");
    assertEquals(nameOf({ instance: "web", host: "web-2" }), "bun 1.4.5 · a/web@web-2");
    assertEquals(nameOf({ instance: "b", host: "" }), "bun 1.4.5 · a@b");
  });

  it("have the PID where two would be the same, and the isolate if need be", () => {
    assertEquals(names([program("a", 0, undefined, { pid: 7 }), program("a", 0, undefined, { pid: 8 })]), [
      "bun 1.4.5 · a@web-2 (PID 7)",
      "bun 1.4.5 · a@web-2 (PID 8)",
    ]);
    assertEquals(
      names([program("a", 0, undefined, { isolate: "0000aaaa" }), program("a", 0, undefined, { isolate: "0000bbbb" })]),
      ["bun 1.4.5 · a@web-2 (1-0000aaaa)", "bun 1.4.5 · a@web-2 (1-0000bbbb)"],
    );
  });

  it("are PIDs without records, with the isolate if PIDs repeat", () => {
    assertEquals(names([{ pid: 7, isolate: "" }, { pid: 8, isolate: "0000000a" }]), ["PID 7", "PID 8"]);
    assertEquals(names([{ pid: 1, isolate: "" }, { pid: 1, isolate: "0000000a" }]), [
      "PID 1 (isolate unknown)",
      "PID 1 (1-0000000a)",
    ]);
  });
});

describe("programsOf", () => {
  it("has processes with rows first, and then those with a record alone", () => {
    const [a, b] = [program("a", 0), program("b", 0)];
    const byProcess = new Map([a, b].map(({ pid, isolate, record }) => [`${pid}-${isolate}`, record!]));
    const liveness = new Map([[`1-${b.isolate}`, "alive" as const]]);
    const foreign = { pid: 9, isolate: "" };
    const processes = [foreign, { pid: b.pid, isolate: b.isolate }];
    assertEquals(programsOf({ byProcess, liveness }, { processes }), [foreign, { ...b, liveness: "alive" }, a]);
  });
});

describe("programsOf: rows in layout append", () => {
  const appending = (isolate: string): Program =>
    program("a", 0, undefined, { isolate, options: { layout: "append" } });
  const programsWith = (...recorded: readonly Program[]): Program[] => {
    const byProcess = new Map(recorded.map(({ pid, isolate, record }) => [`${pid}-${isolate}`, record!]));
    return programsOf({ byProcess, liveness: new Map() }, { processes: [{ pid: 1, isolate: "" }] });
  };

  it("are of the only program of their PID", () => {
    const [one, other] = [appending("0000aaaa"), program("b", 0)];
    assertEquals(programsWith(one, other), [{ pid: 1, isolate: "", record: one.record! }, other]);
  });

  it("are of no program if there are several, which is told", () => {
    const programs = programsWith(appending("0000aaaa"), appending("0000bbbb"));
    assertEquals(programs[0], { pid: 1, isolate: "" });
    assertEquals(texts(programs), ["PID 1 stands for 2 programs, whose rows layout append does not tell apart"]);
  });
});

describe("withoutWorkers", () => {
  it("leaves out workers whose main isolate has the same figures", () => {
    const main = program("a", 0);
    const worker = program("a", 0, undefined, { kind: "worker" });
    const elsewhere = program("a", 0, undefined, { kind: "worker", host: "web-3" });
    const programs = [main, worker, elsewhere];
    assertEquals(withoutWorkers(programs, programs), [main, elsewhere]);
    assertEquals(withoutWorkers([worker], programs), [worker]);
  });
});

describe("the lives of programs", () => {
  const range = { first: 10n * SECOND, last: 110n * SECOND };
  const livedSeconds = (programs: readonly Program[]): number =>
    secondsIn(programs.flatMap((program) => lifeIn(program, range)));

  it("is the part of a time in which at least one program lived", () => {
    assertEquals(livedSeconds([program("a", 0, [20, stopped]), program("b", 15, [30, stopped])]), 20);
    assertEquals(livedSeconds([program("a", 0, [20, stopped]), program("a", 100, [200, stopped])]), 20);
    assertEquals(livedSeconds([program("a", 0, [5, stopped])]), 0);
    assertEquals(livedSeconds([]), 0);
  });

  it("is all the time if nothing is known of a program, and until the end if it has none", () => {
    assertEquals(livedSeconds([program("a", 0, [20, stopped]), { pid: 1, isolate: "" }]), 100);
    assertEquals(livedSeconds([program("a", 60)]), 50);
  });
});

describe("lastSeenOf", () => {
  it("is the end or the last row, whichever is later", () => {
    const ended = program("a", 0, [5, stopped]);
    assertEquals(lastSeenOf(ended), 5n * SECOND);
    assertEquals(lastSeenOf({ ...ended, rows: { first: 0n, last: 9n * SECOND } }), 9n * SECOND);
    assertEquals(lastSeenOf({ pid: 1, isolate: "", rows: { first: 0n, last: 3n } }), 3n);
  });
});

describe("remarksOn", () => {
  it("says nothing of programs that ended as asked, or live", () => {
    for (
      const end of [stopped, { how: "exit", exitCode: 0 }, { how: "exit" }, {
        how: "signal",
        signal: "SIGTERM",
      }] as const
    ) assertEquals(texts([program("a", 0, [100, end])]), []);
    assertEquals(texts([program("a", 0)]), []);
  });

  it("tells who was killed, and who failed", () => {
    assertEquals(
      texts([
        program("a", 0, [100, { how: "killed" }]),
        program("b", 1, [100, { how: "uncaught", error: "TypeError" }]),
        program("c", 2, [100, { how: "exit", exitCode: 3 }]),
      ]),
      [
        "bun 1.4.5 · a@web-2 was killed; it was last seen at 100",
        "bun 1.4.5 · b@web-2 was ended by an uncaught TypeError at 100",
        "bun 1.4.5 · c@web-2 exited with code 3 at 100",
      ],
    );
  });

  it("tells a crash loop once, with its lives and their ends", () => {
    const lives = [0, 5, 10, 15].map((begin) => program("a", begin, [begin + 2, { how: "uncaught", error: "Error" }]));
    const killed = program("a", 20, [21, { how: "killed" }]);
    const [remark, ...others] = remarks([...lives, killed, program("b", 0, [30, stopped])]);
    assertEquals(others, []);
    assertEquals(
      remark?.text,
      "a is in a crash loop: 5 lives of 2 s at the median, 4 ended by an uncaught Error, 1 killed",
    );
    assertEquals([remark?.kind, remark?.isBad, remark?.from, remark?.to], ["crash-loop", true, 0n, 21n * SECOND]);
    assertEquals(remark?.processes.length, 5);
  });

  it("does not call it a crash loop if lives are long, or fewer than three failed", () => {
    const long = [0, 100, 200].map((begin) => program("a", begin, [begin + 90, { how: "killed" }]));
    assertEquals(remarks(long).filter(({ kind }) => kind === "crash-loop"), []);
    const two = [0, 5].map((begin) => program("a", begin, [begin + 2, { how: "killed" }]));
    assertEquals(remarks(two).map(({ kind }) => kind), ["killed", "killed", "restarts"]);
  });

  it("tells restarts, and the longest time in which nothing of a service recorded", () => {
    assertEquals(
      texts([program("a", 0, [10, stopped]), program("a", 30, [40, stopped]), program("a", 100, [110, stopped])]),
      ["a was started anew 2 times", "no program of a recorded 2 times, the longest for 60 s from 40 on"],
    );
    // Two replicas at once are no restart, and there is no gap while one of them lives.
    assertEquals(texts([program("a", 0, [100, stopped]), program("a", 10, [20, stopped])]), []);
    assertEquals(
      texts([program("a", 0, [100, stopped]), program("a", 10, [20, stopped]), program("a", 90, [200, stopped])]),
      [],
    );
  });

  it("does not take a pause for death, nor the time after it for a gap", () => {
    const off = (one: Program, from: number, to?: number): Program => ({
      ...one,
      pauses: [{ from: BigInt(from) * SECOND, to: to === undefined ? FOREVER : BigInt(to) * SECOND }],
    });
    const killed = (begin: number, end: number): Program => program("a", begin, [end, { how: "killed" }]);
    const after = program("a", 100, [200, stopped]);
    const kinds = (...programs: Program[]): string[] => remarks(programs).map(({ kind }) => kind).sort();
    assertEquals(kinds(killed(0, 50), after), ["gap", "killed", "restarts"]);
    assertEquals(kinds(off(killed(0, 50), 40), after), ["killed", "restarts"]);
    assertEquals(kinds(off(killed(0, 50), 30, 40), after), ["gap", "killed", "restarts"]);
    // It says itself when it ended, so that the time after that is a gap.
    assertEquals(kinds(off(program("a", 0, [50, stopped]), 40), after), ["gap", "restarts"]);
    assertEquals(
      texts([off(killed(0, 50), 40)]),
      ["bun 1.4.5 · a@web-2 was killed, while recording was off since 40"],
    );
    const short = [0, 10, 20].map((begin) => killed(begin, begin + 1));
    assertEquals(kinds(...short), ["crash-loop"]);
    assertEquals(kinds(...short.map((one) => off(one, 0))), ["killed", "killed", "killed", "restarts"]);
  });

  it("leaves out workers", () => {
    assertEquals(texts([program("a", 0, [5, { how: "killed" }], { kind: "worker" })]), []);
  });
});

describe("remarksOnPauses", () => {
  const range = { first: 0n, last: 100n * SECOND };
  const one = program("a", 0, [90, stopped]);
  const living = program("b", 0);
  const remarksOf = (of: Program, ...rows: (readonly [at: number, value: number, label?: string])[]): string[] => {
    const pauses = new Pauses(rows.map(([at, value, label = "recording"]) => ({
      pid: of.pid,
      isolate: of.isolate,
      timepoint: BigInt(at) * SECOND,
      value,
      label,
    })));
    const format = { time: (timepoint: bigint) => `${timepoint / SECOND}`, span: (seconds: number) => `${seconds} s` };
    return remarksOnPauses([{ ...of, pauses: pauses.of(of) }], pauses, range, format)
      .map(({ text }) => text.slice(text.indexOf(": ") + 2));
  };

  it("tell for how long recording was off, and how often", () => {
    assertEquals(remarksOf(one), []);
    assertEquals(remarksOf(one, [10, 0], [20, 1]), ["recording was off for 10 s of 90 s"]);
    assertEquals(remarksOf(one, [10, 0], [20, 1], [30, 0], [50, 1]), ["recording was off for 30 s of 90 s, 2 times"]);
  });

  it("tell since when it is off, or was until the end", () => {
    assertEquals(remarksOf(one, [30, 0]), ["recording was off for 60 s of 90 s, since 30 until its end"]);
    assertEquals(remarksOf(living, [100, 0]), ["recording has been off since 100"]);
    assertEquals(
      remarksOf(living, [10, 0], [20, 1], [90, 0]),
      ["recording was off for 20 s of 100 s, 2 times, the last time since 90"],
    );
  });

  it("tell what else was off while other things were recorded", () => {
    assertEquals(
      remarksOf(one, [10, 0, "recording channel sales"], [20, 0], [30, 1], [40, 0, "recording label /a*"]),
      [
        "recording of labels /a* was off for 50 s of 90 s, since 40 until its end",
        "recording was off for 10 s of 90 s",
        "recording of channel sales was off for 10 s of 90 s",
      ],
    );
    const exception = [[10, 0], [10, 1, "recording channel sales"], [30, 1]] as const;
    assertEquals(remarksOf(one, ...exception), ["recording of all but channel sales was off for 20 s of 90 s"]);
  });
});
