import { counted, formatRate, formatSpan } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { KymoError } from "../../../errors.ts";
import { checkWriteOptions, type WriteOptions } from "../../../recording/options.ts";
import { StandaloneChannel } from "../../../recording/standalone_channel.ts";
import { CHANNELS, NANOSECONDS_PER_MS, NANOSECONDS_PER_SECOND } from "../../../series.ts";
import type { CliContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit_codes.ts";
import { progressBar } from "../../terminal/progress_bar.ts";
import { SPACED, writeError } from "../../terminal/style.ts";
import { type LoadOptions, Plan } from "./plan.ts";
import { Sender } from "./sender.ts";
import { Tally } from "./tally.ts";
import type { Target } from "./targets.ts";
import { formatLoad, loadToJson } from "./text.ts";

/** ms between updates of the progress bar. */
const TICK = 250;

/** What to do. */
export interface RunOptions {
  readonly targets: readonly Target[];
  readonly load: LoadOptions;
  readonly connections: number;
  readonly timeout: number;
  readonly writing: WriteOptions;
  readonly json: boolean;
}

/** Sends the load, prints what came of it, and returns the exit code. */
export async function runLoad(options: RunOptions, context: CliContext): Promise<ExitCode> {
  const { runtime, stderr, stdout, onStop } = context;
  const { targets, load, connections, timeout, json, writing } = options;
  const { monitoringDir } = checkWriteOptions("Cannot load", writing);
  const network = await context.network();
  const stop = new AbortController();
  const forget = onStop(() => stop.abort());
  let isWritten = true;
  const channel = openChannel(context, {
    ...writing,
    onError(error) {
      isWritten = false;
      writeError(stderr, sanitize(error.message));
    },
  });
  const tally = new Tally();
  const plan = new Plan(load, runtime.clock.now());
  const sender = new Sender({
    runtime,
    network,
    plan,
    targets,
    connections,
    timeout,
    tally,
    record: (label, latency, now) => channel.add(label, latency, now),
    signal: stop.signal,
  });
  try {
    await whileLoading(plan, tally, options, context, () => sender.run());
  } finally {
    await channel.close();
    forget();
  }
  const { recorded, flushed, dropped } = channel.status();
  const result = {
    plan,
    tally,
    stopped: sender.stopped,
    lastEnded: sender.lastEnded,
    warmUps: sender.warmUps,
    asked: load.rate,
    connections,
    isInterrupted: stop.signal.aborted,
    directory: monitoringDir,
    pid: runtime.pid,
    recorded,
    dropped,
  };
  stdout.write(json ? loadToJson(result) : formatLoad(result, { width: stdout.columns, hasColors: stdout.hasColors }));
  const isAnswered = tally.answered > 0 || tally.count === 0;
  if (!isAnswered) {
    writeError(stderr, `Cannot load: ${targets[0]!.origin}: nobody answered: ${[...tally.failures.keys()].join(", ")}`);
  }
  return isAnswered && isWritten && flushed === recorded ? exitCode.ok : exitCode.incomplete;
}

/** The channel of outgoing requests, in its directory. */
function openChannel({ runtime }: CliContext, options: WriteOptions): StandaloneChannel {
  try {
    return new StandaloneChannel(runtime, CHANNELS.client, options);
  } catch (error) {
    if (!(error instanceof KymoError)) throw error;
    throw new KymoError(error.code, error.message.replace(/^Cannot open the channel/, "Cannot load"), { cause: error });
  }
}

/** Shows a progress bar meanwhile. */
async function whileLoading(
  plan: Plan,
  tally: Tally,
  { load: { requests } }: RunOptions,
  context: CliContext,
  work: () => Promise<void>,
): Promise<void> {
  const { clock, timers } = context.runtime;
  using bar = progressBar(context, "Loading");
  let before = { count: 0, at: clock.now() };
  const stop = timers.every(TICK, () => {
    const now = clock.now();
    const rate = (tally.count - before.count) * NANOSECONDS_PER_SECOND / (now - before.at);
    before = { count: tally.count, at: now };
    const left = (plan.end - now) / NANOSECONDS_PER_SECOND;
    const failed = [...tally.outcomes].reduce((sum, [outcome, count]) => outcome === "ok" ? sum : sum + count, 0);
    const detail = [
      now < plan.measuredFrom ? "warming up" : counted(tally.count, "request"),
      `${formatRate(rate, SPACED)}/s`,
      ...failed > 0 ? [`${counted(failed, "failure")}`] : [],
      ...Number.isFinite(left) ? [`${formatSpan(Math.max(0, Math.ceil(left)), SPACED)} left`] : [],
    ];
    const length = (plan.end - plan.begin) / NANOSECONDS_PER_MS;
    const [done, total] = Number.isFinite(length)
      ? [Math.min(length, (now - plan.begin) / NANOSECONDS_PER_MS), length]
      : [plan.measured, requests!];
    bar.update(Math.round(done), Math.round(total), detail.join(", "));
  });
  try {
    await work();
  } finally {
    stop();
  }
}
