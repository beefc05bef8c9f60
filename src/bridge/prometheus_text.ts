/**
 * Metrics as text: Prometheus' format 0.0.4, and OpenMetrics 1.0. These hold classic histograms only.
 *
 * @module
 */

import { CLASSIC_BOUNDS, type DurationHistogram } from "./duration_histogram.ts";
import type { Attributes, Metric } from "./metric.ts";

/** The two formats of text. They differ in how counters are declared, and in the end. */
export type TextFormat = "prometheus" | "openmetrics";

/** The value of `content-type` for each. */
export const CONTENT_TYPES: Readonly<Record<TextFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

const TOTAL = /_total$/;

/** Units that OpenMetrics lets be declared: the name of the family ends with them. */
const UNITS = /_(seconds|bytes)$/;

/** The text of metrics. A family without samples is still declared. */
export function prometheusText(metrics: readonly Metric[], format: TextFormat): string {
  const parts = metrics.map((metric) => {
    const { name, help, type } = metric;
    const family = format === "openmetrics" ? name.replace(TOTAL, "") : name;
    const [, unit] = format === "openmetrics" ? UNITS.exec(family) ?? [] : [];
    const head = `# HELP ${family} ${escapeHelp(help)}\n# TYPE ${family} ${type}\n` +
      (unit === undefined ? "" : `# UNIT ${family} ${unit}\n`);
    const samples = metric.type === "histogram"
      ? metric.samples.map(({ attributes, value }) => histogramText(name, labelText(attributes), value, format))
      : metric.samples.map(({ attributes, value }) => `${name}${braced(labelText(attributes))} ${numberText(value)}\n`);
    return head + samples.join("");
  });
  return parts.join("") + (format === "openmetrics" ? "# EOF\n" : "");
}

/** Bounds as `le` has them; OpenMetrics wants a fraction. */
const BOUND_TEXTS: Readonly<Record<TextFormat, readonly string[]>> = {
  prometheus: CLASSIC_BOUNDS.map(String),
  openmetrics: CLASSIC_BOUNDS.map((bound) => Number.isInteger(bound) ? `${bound}.0` : String(bound)),
};

function histogramText(
  name: string,
  labels: string,
  { classic, count, sum }: DurationHistogram,
  format: TextFormat,
): string {
  const begin = `${name}_bucket{${labels}${labels === "" ? "" : ","}le="`;
  let text = "";
  let below = 0;
  for (const [place, bound] of BOUND_TEXTS[format].entries()) {
    below += classic[place]!;
    text += `${begin}${bound}"} ${below}\n`;
  }
  const rest = braced(labels);
  return `${text}${begin}+Inf"} ${count}\n${name}_sum${rest} ${numberText(sum)}\n${name}_count${rest} ${count}\n`;
}

/** Attributes as labels, without braces. */
export function labelText(attributes: Attributes): string {
  return Object.entries(attributes).map(([name, value]) => `${labelName(name)}="${escapeValue(value)}"`).join(",");
}

/** The name of the label for an attribute. */
export function labelName(attribute: string): string {
  return attribute.replaceAll(/[^A-Za-z0-9_]/g, "_");
}

function braced(labels: string): string {
  return labels === "" ? "" : `{${labels}}`;
}

function escapeValue(text: string): string {
  if (!/[\\"\n]/.test(text)) return text;
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function numberText(value: number): string {
  return value === Infinity ? "+Inf" : value === -Infinity ? "-Inf" : String(value);
}

/** The text format that a scraper asks for: OpenMetrics if it accepts it at least as well as any other. */
export function textFormatFor(accept: string | undefined): TextFormat {
  const quality = (type: string): number => {
    let best = 0;
    for (const range of (accept ?? "").toLowerCase().split(",")) {
      const [name = "", ...parameters] = range.split(";").map((part) => part.trim());
      if (name !== type) continue;
      const version = parameters.find((parameter) => parameter.startsWith("version="))?.slice("version=".length);
      if (type === "application/openmetrics-text" && version !== undefined && version !== "1.0.0") continue;
      const given = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? 1);
      if (given > best) best = given;
    }
    return best;
  };
  const open = quality("application/openmetrics-text");
  return open > 0 && open >= quality("text/plain") ? "openmetrics" : "prometheus";
}
