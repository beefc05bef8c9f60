import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { type Contender, LABEL, type Recording } from "./contender.ts";

/** Created once, which costs less than an object for each sample. */
const attributes = { block: LABEL };

/**
 * OpenTelemetry with a reader that collects into memory every minute, its default. Nothing is
 * exported.
 */
export const openTelemetry: Contender = {
  name: "OpenTelemetry record",
  keeps: "sums and buckets",
  begin(): Recording {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] });
    const histogram = provider.getMeter("bench").createHistogram("duration", { unit: "ms" });
    return {
      run(samples) {
        for (let i = 0; i < samples; i++) {
          const start = performance.now();
          histogram.record(performance.now() - start, attributes);
        }
      },
      async end() {
        await provider.forceFlush();
        const metrics = exporter.getMetrics().at(-1)?.scopeMetrics.flatMap(({ metrics }) => metrics) ?? [];
        await provider.shutdown();
        return metrics
          .filter((metric) => metric.dataPointType === DataPointType.HISTOGRAM)
          .flatMap(({ dataPoints }) => dataPoints)
          .reduce((sum, { value }) => sum + value.count, 0);
      },
    };
  },
};
