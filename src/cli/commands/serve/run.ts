import { Bridge, type BridgeOptions } from "../../../bridge/bridge.ts";
import { OtlpExporter } from "../../../bridge/otlp/otlp_exporter.ts";
import type { OtlpOptions } from "../../../bridge/otlp/otlp_options.ts";
import { acceptsProtobuf, prometheusProtobuf, PROTOBUF_CONTENT_TYPE } from "../../../bridge/prometheus_protobuf.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { KymoError } from "../../../errors.ts";
import type { CliContext, ListenAddress } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit_codes.ts";
import { textAnswer } from "../../input/listening.ts";
import { writeError } from "../../terminal/style.ts";

/** ms between two attempts to take the lock that another program holds. */
const STANDBY_INTERVAL = 1_000;

/** ms after which the same failure is told again. */
const REMINDER = 60_000;

/** What is served, and how. */
export interface ServeOptions extends Omit<BridgeOptions, "signal" | "onFailure"> {
  readonly metrics: ListenAddress | undefined;
  readonly otlp: OtlpOptions | undefined;
  readonly histograms: "classic" | "exponential";
  readonly standby: boolean;
}

/** Serves until the signal, and returns the exit code. */
export async function runBridge(options: ServeOptions, context: CliContext): Promise<ExitCode> {
  const { runtime, stderr, onStop, serve, version } = context;
  const stop = new AbortController();
  const forget = onStop(() => stop.abort());
  const { signal } = stop;
  let bridge: Bridge | undefined;
  let close: (() => Promise<void>) | undefined;
  try {
    const opened = await open({ ...options, signal, onFailure: teller("reading goes on", context) }, context);
    if (opened === undefined) return exitCode.ok; // it was stopped before its turn came
    if (opened instanceof KymoError) {
      writeError(stderr, opened.message);
      return exitCode.busy;
    }
    const served = bridge = opened;
    await served.begin(); // so that no counter falls
    const { metrics: address, otlp, histograms } = options;
    if (address !== undefined) {
      close = await serve(address, (accept) => {
        if (histograms === "exponential" && acceptsProtobuf(accept)) {
          return { contentType: PROTOBUF_CONTENT_TYPE, body: prometheusProtobuf(served.metrics) };
        }
        return textAnswer(served.metrics, accept);
      });
    }
    const exporter = otlp === undefined ? undefined : new OtlpExporter({
      runtime,
      options: otlp,
      version,
      signal,
      source: () => served,
      onFailure: teller("pushing goes on", context, "Cannot push: "),
      onCounts: (counts) => served.pushes = counts,
    });
    await Promise.all([served.run(), exporter?.run()]);
    await exporter?.push(); // what was counted at the end
    return exitCode.ok;
  } finally {
    forget();
    await close?.();
    bridge?.close();
  }
}

/** Takes the lock; with `standby` as soon as it is free. `undefined` if it is stopped before. */
async function open(
  options: BridgeOptions & Pick<ServeOptions, "standby">,
  { runtime, stderr }: CliContext,
): Promise<Bridge | KymoError | undefined> {
  for (let isTold = false; !options.signal.aborted; isTold = true) {
    try {
      return Bridge.open(runtime, options);
    } catch (error) {
      if (!(error instanceof KymoError && error.code === "invalid-state")) throw error;
      if (!options.standby) return error;
      if (!isTold) writeError(stderr, `${error.message}; waiting for its end`);
      await runtime.timers.sleep(STANDBY_INTERVAL);
    }
  }
  return undefined;
}

/** Tells a failure once, again after a minute, and when it is over. */
function teller(
  over: string,
  { stderr, now }: CliContext,
  action = "",
): (message: string | undefined) => void {
  let told: { readonly text: string; readonly at: number } | undefined;
  return (message) => {
    if (message === undefined) {
      if (told !== undefined) writeError(stderr, `Served again: ${over}`);
      told = undefined;
      return;
    }
    if (told?.text === message && now() - told.at <= REMINDER) return;
    writeError(stderr, sanitize(action + message));
    told = { text: message, at: now() };
  };
}
