import fc, { type Arbitrary } from "fast-check";
import type { DiskOperation } from "../../../support/fake/memory_disk.ts";
import { CODES, OPERATIONS } from "./troubled_disk.ts";
import { COMMON, type Recording, type Target, type WatchedMonitor } from "./watched_monitor.ts";
import type { ProcessPair } from "./process_pair.ts";
import { EPOCH } from "../../../support/fake/runtime.ts";
import { LEAST_THRESHOLD } from "../../../support/small_buffers.ts";

/** Something that happens, and prints as what it is. */
export class Command {
  readonly #name: string;
  readonly #details: unknown;
  readonly run: (pair: ProcessPair) => void | Promise<void>;

  constructor(name: string, details: unknown, run: (pair: ProcessPair) => void | Promise<void>) {
    this.#name = name;
    this.#details = details;
    this.run = run;
  }

  toString(): string {
    return `${this.#name}${fc.stringify(this.#details)}`;
  }
}

function command<T>(
  name: string,
  details: Arbitrary<T>,
  run: (pair: ProcessPair, details: T) => void | Promise<void>,
): Arbitrary<Command> {
  return details.map((given) => new Command(name, given, (pair) => run(pair, given)));
}

/** A command to one of the monitors. */
function call<T>(
  name: string,
  details: Arbitrary<T>,
  run: (monitor: WatchedMonitor, details: T, pair: ProcessPair) => void | Promise<void>,
): Arbitrary<Command> {
  return command(
    name,
    fc.tuple(fc.nat(2), details),
    (pair, [which, given]) => run(pair.monitors[which]!, given, pair),
  );
}

const nothing = fc.constant(undefined);
/**
 * One of the fixed labels, or a text. A file that is torn just behind what reads like the end of a row is
 * documented to be taken for whole, so no text has one.
 */
const label: Arbitrary<number | string> = fc.oneof(
  { arbitrary: fc.nat(20), weight: 3 },
  { arbitrary: fc.string({ unit: "binary", maxLength: 40 }).filter((text) => !/\d\r\n/.test(text)), weight: 1 },
);
const target = fc.constantFrom<Target>("custom", "mine", "other");

const recording: Arbitrary<Recording> = fc.record({
  options: fc.record({
    flushInterval: fc.constantFrom(1_000, 0, 10, 200, 10_000),
    layout: fc.constantFrom("segments", "append"),
    durability: fc.constantFrom("memory", "spool", "fsync"),
    memoryThreshold: fc.constantFrom(LEAST_THRESHOLD, LEAST_THRESHOLD + 12_345),
    withRuntime: fc.boolean(),
    withProfiler: fc.boolean(),
    samplingInterval: fc.constantFrom(1_000, 500),
  }, { requiredKeys: ["memoryThreshold", "layout"], noNullPrototype: true }).map((options) => ({
    ...COMMON,
    ...options,
  })),
  onError: fc.constantFrom("nothing", "throw", "reject", "observe", "stop"),
  sampler: fc.constantFrom("none", "observe", "observe and throw", "reject"),
}, { noNullPrototype: true });

const wrongOptions = fc.constantFrom<unknown>(
  null,
  5,
  { unknown: 1 },
  { layout: "rows" },
  { durability: 5 },
  { flushInterval: 5 },
  { flushInterval: NaN },
  { memoryThreshold: 1 },
  { monitoringDir: "" },
  { monitoringDir: "a\0b" },
  { samplers: [{}] },
  { samplers: [{ channel: "runtime", sample: () => {} }] },
  { onError: "no" },
);

const calls = [
  call("start", recording, (monitor, given, { troubled }) => monitor.start(given, troubled.isHealthy)),
  call("startWrongly", wrongOptions, (monitor, options) => monitor.startWrongly(options)),
  call("stop", nothing, (monitor) => void monitor.stop()),
  call("await stop", nothing, (monitor) => monitor.stop()),
  call("observe", fc.tuple(target, fc.integer({ min: 1, max: 20 }), label), (monitor, given) => {
    monitor.observe(...given);
  }),
  call("observe much", fc.tuple(target, fc.integer({ min: 300, max: 1_000 }), fc.nat(200)), (monitor, given) => {
    monitor.observe(...given);
  }),
  call("observeAt", fc.tuple(target, fc.integer({ min: 1, max: 400 }), fc.bigInt(-EPOCH + 1_000n, 10n ** 18n)), (
    monitor,
    given,
  ) => monitor.observeAt(...given)),
  call("observeWrongly", fc.tuple(target, fc.nat(20)), (monitor, given) => monitor.observeWrongly(...given)),
  call("observeMany", fc.tuple(target, fc.nat(20), fc.nat(6), fc.boolean()), (monitor, given) => {
    monitor.observeMany(...given);
  }),
  call("makeBuckets", fc.nat(70), (monitor, count) => monitor.makeBuckets(count)),
  call("startSample", nothing, (monitor) => monitor.startSample()),
  call("stopSample", fc.nat(20), (monitor, which) => monitor.stopSample(which)),
  call("stopSampleWrongly", fc.nat(50), (monitor, which) => monitor.stopSampleWrongly(which)),
  call("pause", fc.boolean(), (monitor, on) => monitor.pause(on)),
  call("flush", nothing, (monitor) => void monitor.flush()),
  call("await flush", nothing, (monitor) => monitor.flush()),
] as const;

/** Something that another program does, now or in the middle of what a monitor does. */
function byOthers<T>(
  name: string,
  details: Arbitrary<T>,
  run: (pair: ProcessPair, details: T) => void,
): Arbitrary<Command> {
  const moment = fc.option(fc.nat(30));
  return command(name, fc.tuple(moment, details), (pair, [after, given]) => {
    if (after === null) run(pair, given);
    else pair.troubled.interrupt(after, () => run(pair, given));
  });
}

const failure = fc.record({
  operations: fc.oneof(
    fc.constant<readonly DiskOperation[]>([]),
    fc.constantFrom(...OPERATIONS).map((operation) => [operation]),
    fc.uniqueArray(fc.constantFrom(...OPERATIONS), { minLength: 2, maxLength: 4 }),
  ),
  code: fc.constantFrom(...CODES),
  after: fc.nat(20),
  times: fc.constantFrom(1, 2, 5, Infinity),
}, { noNullPrototype: true });

const events = [
  command("advance", fc.constantFrom(0, 1, 10, 100, 1_000, 10_000), (pair, ms) => pair.advance(ms)),
  command("turn", fc.integer({ min: 1, max: 20 }), async (_, count) => {
    for (let i = 0; i < count; i++) await undefined;
  }),
  command("end", fc.tuple(fc.nat(1), fc.boolean()), (pair, [process, last]) => pair.end(process, last)),
  command("setClock", fc.constantFrom(-3_600n, 86_400n), (pair, seconds) => pair.setClock(seconds * 10n ** 9n)),
  command("fail", failure, ({ troubled }, given) => troubled.fail(given)),
  command("fill", fc.constantFrom(0, 1, 100, 5_000, 30_000), ({ troubled }, room) => troubled.fill(room)),
  command("writeLimit", fc.constantFrom(7, 1_000, Infinity), ({ troubled }, limit) => {
    troubled.disk.writeLimit = limit;
  }),
  command("forbid", nothing, ({ troubled }) => troubled.forbid()),
  command("heal", nothing, ({ troubled }) => troubled.heal()),
  byOthers("kill", nothing, (pair) => pair.kill()),
  byOthers("lock", fc.nat(5), ({ troubled }, which) => troubled.lock(which)),
  byOthers("moveFiles", nothing, ({ troubled }) => troubled.moveFiles()),
  byOthers("moveDirectory", fc.boolean(), ({ troubled }, replace) => troubled.moveDirectory(replace)),
  byOthers(
    "plant",
    fc.tuple(target, fc.constantFrom("directory", "symlink", "other")),
    ({ troubled }, given) => troubled.plant(...given),
  ),
  byOthers("kill", nothing, (pair) => pair.kill()),
] as const;

const [start, , , , observe, observeMuch] = calls;

/** Sequences of commands, that begin with a start as a rule. */
export const sequences: Arbitrary<readonly Command[]> = fc.array(
  fc.oneof(
    { arbitrary: fc.oneof(...calls), weight: 4 },
    { arbitrary: fc.oneof(...events), weight: 4 },
    { arbitrary: fc.oneof(start, observe, observeMuch), weight: 3 },
  ),
  { maxLength: 40, size: "max" },
);
