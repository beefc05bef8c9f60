import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { changeControl, withRule } from "../../../src/control/change_control.ts";
import { type Answer, parseAnswer } from "../../../src/control/answer_file.ts";
import type { Control, ControlRequest, ControlRule } from "../../../src/control/control_file.ts";
import { MonitoringDirectory } from "../../../src/files/directory.ts";
import { KymoError } from "../../../src/errors.ts";
import { createMonitor, type Monitor } from "../../../src/recording/monitor.ts";
import type { StartOptions } from "../../../src/recording/options.ts";
import { EPOCH, FakeRuntime } from "../../support/fake/runtime.ts";
import { MemoryDisk } from "../../support/fake/memory_disk.ts";
import {
  bytes,
  DIRECTORY,
  publishedLabels,
  publishedRows,
  temporaryPaths,
} from "../../support/fake/published_files.ts";

const ANSWER = `${DIRECTORY}/.programs/4242-00000001.json`;

/** A recording, and what switches it from outside. */
class Switched {
  readonly runtime: FakeRuntime;
  readonly monitor: Monitor;
  readonly errors: string[] = [];
  #ids = 0;

  constructor(options: StartOptions = {}, disk = new MemoryDisk()) {
    this.runtime = new FakeRuntime(disk);
    this.monitor = createMonitor(() => this.runtime);
    this.monitor.start({ onError: ({ message }) => this.errors.push(message), ...options });
  }

  /** Changes the control file as a command does. */
  async change(change: (control: Control) => Pick<Control, "rules" | "requests">): Promise<Control> {
    const { files, clock, timers } = this.runtime;
    const directory = new MonitoringDirectory(files, DIRECTORY);
    const newId = (): string => `c${(++this.#ids).toString(16).padStart(7, "0")}`;
    return await changeControl({ directory, clock, timers, newId }, change);
  }

  async rule(rule: ControlRule): Promise<Control> {
    return await this.change(({ rules, requests }) => ({ rules: withRule(rules, rule), requests }));
  }

  async request(request: Partial<ControlRequest>): Promise<void> {
    const until = this.runtime.clock.epoch() + 10_000_000_000n;
    await this.change(({ rules }) => ({ rules, requests: [{ id: "0000aaaa", what: "status", until, ...request }] }));
  }

  /** Lets a second pass, after which the recording has looked, and promises have settled. */
  async second(): Promise<void> {
    this.runtime.timers.advance(1_000);
    for (let i = 0; i < 20; i++) await Promise.resolve();
  }

  answer(): Answer | undefined {
    const { files } = this.runtime;
    if (!files.paths().includes(ANSWER)) return undefined;
    const answer = parseAnswer(bytes(files.text(ANSWER)));
    assert(answer.ok);
    return answer.value;
  }

  /** Stops, and returns the rows about switches: label and value. */
  async switches(): Promise<string[]> {
    await this.monitor.stop();
    return publishedRows(this.runtime.files).filter(({ label }) => /^recording/.test(label))
      .sort((one, other) => Number(one.timepoint - other.timepoint))
      .map(({ label, measurement }) => `${label}: ${measurement}`);
  }
}

function labels({ runtime }: Switched): string[] {
  return publishedLabels(runtime.files).filter((label) => !label.startsWith("recording"));
}

describe("a recording that is paused", () => {
  it("records nothing, and again after it is resumed", async () => {
    const switched = new Switched();
    const { monitor } = switched;
    const channel = monitor.channel("mine");
    const all = (label: string): void => {
      monitor.observe(label, 1);
      monitor.observeMany([[label, 1]]);
      channel.observe(label, 1);
      monitor.stopDurationSample(label, monitor.startDurationSample());
    };
    all("before");
    monitor.pause();
    assertEquals(monitor.status().recording, { on: false, reason: "paused by the program" });
    assertEquals(monitor.startDurationSample(), 0);
    all("paused");
    monitor.resume();
    assertEquals(monitor.status().recording, { on: true });
    all("after");
    assertEquals(await switched.switches(), ["recording: 0", "recording: 1"]);
    assertEquals(labels(switched), [...Array(4).fill("after"), ...Array(4).fill("before")]);
    assertEquals([monitor.status().invalidSamples, switched.errors], [0, []]);
  });

  it("records a sample that begins before the pause and ends after it, and no other", async () => {
    const switched = new Switched();
    const { monitor } = switched;
    const [across, into] = [monitor.startDurationSample(), monitor.startDurationSample()];
    monitor.pause();
    monitor.stopDurationSample("into", into);
    const within = monitor.startDurationSample();
    monitor.resume();
    monitor.stopDurationSample("out of", within);
    monitor.stopDurationSample("across", across);
    await monitor.stop();
    assertEquals([labels(switched), monitor.status().invalidSamples], [["across"], 0]);
  });

  it("lets samplers rest", async () => {
    let calls = 0;
    const sampler = { channel: "mine", sample: () => void calls++ };
    const switched = new Switched({ samplers: [sampler], withRuntime: true });
    await switched.second();
    switched.monitor.pause();
    const before = calls;
    const { recorded } = switched.monitor.status();
    for (let i = 0; i < 5; i++) await switched.second();
    assertEquals([calls, switched.monitor.status().recorded], [before, recorded]);
    switched.monitor.resume();
    assertEquals(calls, before + 1);
    await switched.second();
    assertEquals(calls, before + 2);
    await switched.monitor.stop();
  });

  it("takes the samplers of a later start, which begin when it is resumed", async () => {
    let calls = 0;
    const switched = new Switched({ samplers: [{ channel: "mine", sample: () => {} }] });
    switched.monitor.pause();
    switched.monitor.start({ samplers: [{ channel: "mine", sample: () => void calls++ }] });
    await switched.second();
    assertEquals(calls, 0);
    switched.monitor.resume();
    assertEquals(calls, 1);
    await switched.monitor.stop();
  });

  it("can be flushed, stopped, and end with its program", async () => {
    const switched = new Switched();
    switched.monitor.observe("before", 1);
    switched.monitor.pause();
    await switched.monitor.flush();
    assertEquals(labels(switched), ["before"]);
    switched.runtime.end();
    assertEquals(temporaryPaths(switched.runtime.files), []);
    await switched.monitor.stop();
    assertEquals(switched.monitor.status().recording, { on: false, reason: "stopped" });
  });
});

describe("a recording with the option record: false", () => {
  it("records nothing until it is switched on from outside, for as long as that holds", async () => {
    const switched = new Switched({ record: false, withRuntime: true });
    const { monitor, runtime } = switched;
    monitor.observe("off", 1);
    monitor.resume();
    assertEquals(monitor.status().recording, { on: false, reason: "off by the option record" });
    const end = runtime.clock.epoch() + 5_000_000_000n;
    await switched.rule({ record: true, until: end });
    await switched.second();
    assertEquals(monitor.status().recording, { on: true, until: Number(end / 1_000_000n) });
    monitor.observe("on", 1);
    for (let i = 0; i < 5; i++) await switched.second();
    // The control file is there still, but none of its rules holds.
    assertEquals(monitor.status().recording, { on: false, reason: "off by the option record" });
    monitor.observe("off again", 1);
    assertEquals(await switched.switches(), ["recording: 0", "recording: 1", "recording: 0"]);
    assertEquals(labels(switched).filter((label) => /^o/.test(label)), ["on"]);
  });
});

describe("a recording that is switched from outside", () => {
  it("follows within a second, and answers", async () => {
    const switched = new Switched({ name: "orders" });
    const { monitor } = switched;
    assertEquals(switched.answer(), undefined);
    const { id } = await switched.rule({ record: false });
    monitor.observe("before", 1);
    await switched.second();
    assertEquals([switched.answer()?.control, switched.answer()?.recording], [id, {
      on: false,
      reason: "off by .control",
    }]);
    monitor.observe("off", 1);
    const on = await switched.rule({ record: true });
    await switched.second();
    assertEquals([switched.answer()?.control, switched.answer()?.recording], [on.id, { on: true }]);
    monitor.observe("after", 1);
    assertEquals(await switched.switches(), ["recording: 0", "recording: 1"]);
    assertEquals(labels(switched), ["after", "before"]);
    assertEquals(temporaryPaths(switched.runtime.files), [`${DIRECTORY}/.control`]);
  });

  it("follows when a buffer is full, though no timer runs", async () => {
    const switched = new Switched({ memoryThreshold: 2 ** 14 });
    await switched.rule({ record: false });
    for (let i = 0; i < 2_000; i++) switched.monitor.observe(`${i}`, i);
    const { recorded } = switched.monitor.status().channels["custom"]!;
    assert(recorded > 100 && recorded < 1_000, `${recorded}`);
    assertEquals(switched.answer()?.recording.on, false);
    await switched.monitor.stop();
    assertEquals(labels(switched).length, recorded);
  });

  it("is off from the start if the file says so", async () => {
    const first = new Switched();
    await first.rule({ record: false });
    await first.monitor.stop();
    const second = new Switched({}, first.runtime.files);
    second.monitor.observe("off", 1);
    assertEquals(await second.switches(), ["recording: 0"]);
    assertEquals(labels(second), []);
  });

  it("stays paused if the program has paused it", async () => {
    const switched = new Switched();
    switched.monitor.pause();
    await switched.rule({ record: true });
    await switched.second();
    assertEquals(switched.answer()?.recording, { on: false, reason: "paused by the program" });
    await switched.monitor.stop();
  });

  it("records all but a channel and some labels, or only those", async () => {
    const switched = new Switched();
    const { monitor } = switched;
    const mine = monitor.channel("mine");
    const all = (): void => {
      monitor.stopDurationSample("/a", monitor.startDurationSample());
      monitor.stopDurationSample("/health", monitor.startDurationSample());
      monitor.observe("/health", 1);
      monitor.observeMany([["x", 1], ["/health", 2]]);
      mine.observe("of mine", 1);
    };
    await switched.rule({ record: false, channel: "mine" });
    await switched.rule({ record: false, label: "/h*" });
    await switched.second();
    assertEquals(switched.answer()?.recording, {
      on: true,
      reason: "all but channel mine, label /h* by .control",
    });
    all();
    await monitor.flush();
    assertEquals(labels(switched), ["/a", "x"]);
    await switched.rule({ record: false });
    await switched.rule({ record: true, label: "/h*", channel: "custom" });
    await switched.second();
    all();
    assertEquals(await switched.switches(), [
      "recording: 1",
      "recording channel mine: 0",
      "recording label /h*: 0",
      "recording: 0",
      "recording channel custom label /h*: 1",
    ]);
    assertEquals(labels(switched), ["/a", "/health", "/health", "x"]);
  });

  it("leaves what is for others alone", async () => {
    const switched = new Switched({ name: "orders" });
    await switched.rule({ record: false, program: "web*" });
    await switched.rule({ record: false, pid: 1 });
    await switched.second();
    assertEquals(switched.answer()?.recording, { on: true });
    assertEquals(await switched.switches(), []);
  });

  it("records as it was started once the file is gone", async () => {
    const switched = new Switched();
    await switched.rule({ record: false });
    await switched.second();
    switched.runtime.files.remove(`${DIRECTORY}/.control`);
    await switched.second();
    assertEquals(switched.monitor.status().recording, { on: true });
    await switched.monitor.stop();
  });

  it("changes nothing by a file that it does not understand, and reports that once", async () => {
    const switched = new Switched();
    await switched.rule({ record: false });
    await switched.second();
    const { files } = switched.runtime;
    for (const text of ["{", '{"format":1,"rules":5}']) {
      files.remove(`${DIRECTORY}/.control`);
      const handle = files.create(`${DIRECTORY}/.control`);
      handle.write(bytes(text));
      handle.close();
      await switched.second();
      await switched.second();
    }
    assertEquals(switched.monitor.status().recording.on, false);
    assertEquals(switched.errors, [
      `Cannot follow: "${DIRECTORY}/.control": it is not JSON`,
      `Cannot follow: "${DIRECTORY}/.control": its id is wrong`,
    ]);
    await switched.monitor.stop();
  });

  it("reports once that it may not answer, and follows all the same", async () => {
    const switched = new Switched();
    switched.runtime.files.before = (operation, path) => {
      if (operation === "create" && path.includes("/.programs/")) throw new KymoError("io", "no room");
    };
    await switched.rule({ record: false });
    await switched.second();
    assertEquals(switched.monitor.status().recording.on, false);
    assertMatch(switched.errors.join("\n"), /^Cannot answer to the control file: [^\n]*$/);
    switched.runtime.files.before = () => {};
    await switched.monitor.stop();
  });
});

describe("a request", () => {
  it("for a flush is done when the rows are in files", async () => {
    const switched = new Switched();
    switched.monitor.observe("x", 1);
    await switched.request({ what: "flush" });
    await switched.second();
    for (let i = 0; i < 50; i++) await Promise.resolve();
    assertEquals(switched.answer()?.requests, [{ id: "0000aaaa", state: "done" }]);
    assertEquals(labels(switched), ["x"]);
    await switched.monitor.stop();
  });

  it("for the status is answered with counts, rate and the latest error", async () => {
    const switched = new Switched();
    switched.monitor.report(new KymoError("io", "of the program's own"));
    for (let i = 0; i < 3; i++) {
      for (let row = 0; row < 40; row++) switched.monitor.observe("x", 1);
      if (i === 2) await switched.request({});
      await switched.second();
    }
    const { rate, counts, lastError, lastErrorAt, at } = switched.answer()!;
    assert(at - lastErrorAt! >= 10n ** 9n && at - lastErrorAt! <= 10n ** 10n, `${at - lastErrorAt!} ns ago`);
    assertEquals([counts["recorded"], counts["buffered"], rate], [120, 120, 40]);
    assertEquals([counts["errors"], lastError], [1, "of the program's own"]);
    await switched.monitor.stop();
  });

  it("for a profile is refused where there is no profiler, with the reason", async () => {
    const switched = new Switched();
    await switched.request({ what: "cpu-profile", duration: 1_000 });
    await switched.second();
    assertEquals(switched.answer()?.requests, [{ id: "0000aaaa", state: "refused", reason: "there is none" }]);
    await switched.monitor.stop();
  });

  it("is done once, and not after its time", async () => {
    const switched = new Switched();
    await switched.request({ what: "flush", until: EPOCH });
    await switched.second();
    assertEquals(switched.answer()?.requests, []);
    await switched.monitor.stop();
  });
});

describe("a program without spools", () => {
  it("shows by a locked file that it lives, until it ends", async () => {
    const switched = new Switched({ durability: "memory" });
    const lock = `${DIRECTORY}/.programs/4242-00000001.lock`;
    assertEquals(temporaryPaths(switched.runtime.files).slice(-1), [lock]);
    await switched.monitor.stop();
    assertEquals(temporaryPaths(switched.runtime.files), []);
  });

  it("is said to be killed, by the next program in the directory, when it was last heard of", async () => {
    const switched = new Switched({ durability: "memory" });
    await switched.request({});
    await switched.second();
    const disk = switched.runtime.files.clone();
    disk.setModified(ANSWER, Number(EPOCH / 1_000_000n) + 5_000);
    const next = new FakeRuntime(disk, 17);
    const monitor = createMonitor(() => next);
    monitor.start();
    for (let i = 0; i < 10; i++) next.timers.advance(10);
    const { end } = JSON.parse(disk.text(`${DIRECTORY}/program.4242-00000001.json`));
    assertEquals(end, { how: "killed", at: String(EPOCH + 5_000_000_000n) });
    assertEquals(temporaryPaths(disk).filter((path) => path.includes("4242")), []);
    await monitor.stop();
    await switched.monitor.stop();
  });
});
