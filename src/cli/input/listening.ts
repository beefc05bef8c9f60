import { KymoError, quote } from "../../errors.ts";
import type { Metric } from "../../bridge/metric.ts";
import { CONTENT_TYPES, prometheusText, textFormatFor } from "../../bridge/prometheus_text.ts";
import type { ListenAddress, MetricsAnswer } from "../context.ts";

/** Help of the option `--metrics`. */
export const METRICS_HELP = "serve /metrics for Prometheus; on 127.0.0.1 unless told otherwise";

/**
 * The address that an option gives as `port` or `host:port`.
 *
 * @throws {KymoError} `"invalid-argument"` if it is none.
 */
export function listenAddress(text: string): ListenAddress {
  const [, host = "127.0.0.1", port = ""] = /^(?:\[?(.+?)\]?:)?(\d{1,5})$/.exec(text) ?? [];
  if (port === "" || Number(port) > 65_535) {
    throw new KymoError(
      "invalid-argument",
      `Cannot serve metrics: ${quote(text)} is no port, such as 9464 or 0.0.0.0:9464`,
    );
  }
  return { host, port: Number(port) };
}

/** Metrics as the text that a scraper asks for. */
export function textAnswer(metrics: readonly Metric[], accept: string | undefined): MetricsAnswer {
  const format = textFormatFor(accept);
  return { contentType: CONTENT_TYPES[format], body: prometheusText(metrics, format) };
}
