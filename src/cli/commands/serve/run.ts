import { Bridge, type BridgeOptions } from "../../../bridge/bridge.ts";
import { OtlpExporter } from "../../../bridge/otlp/otlp_exporter.ts";
import type { OtlpOptions } from "../../../bridge/otlp/otlp_options.ts";
import { acceptsProtobuf, prometheusProtobuf, PROTOBUF_CONTENT_TYPE } from "../../../bridge/prometheus_protobuf.ts";
import { KymoError } from "../../../errors.ts";
import type { CliContext, ListenAddress } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit_codes.ts";
import { textAnswer } from "../../input/listening.ts";
import { openOrStandBy } from "../../input/standby.ts";
import { FailureTeller } from "../../terminal/failure_teller.ts";
import { writeError } from "../../terminal/style.ts";

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
  const readings = new FailureTeller(context);
  const pushes = new FailureTeller(context);
  let bridge: Bridge | undefined;
  let close: (() => Promise<void>) | undefined;
  try {
    const bridgeOptions: BridgeOptions = {
      ...options,
      signal,
      onFailure: (message) => readings.tell(message, { over: "Served again: reading and writing go on" }),
    };
    const opened = await openOrStandBy(
      () => Bridge.open(runtime, bridgeOptions),
      { standby: options.standby, signal },
      context,
    );
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
      onFailure: (message) =>
        pushes.tell(message, { inWords: (text) => `Cannot push: ${text}`, over: "Served again: pushing goes on" }),
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
