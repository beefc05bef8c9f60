/** Samples of a metric by their labels, as written. */
export type Metrics = ReadonlyMap<string, ReadonlyMap<string, number>>;

const SAMPLE = /^([a-z_]+)\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,(?=[a-z]))?)*)\} (-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/;

/**
 * Parses Prometheus' text format 0.0.4, and throws at anything that `promtool check metrics` would
 * find wrong: metrics without help or type, apart from their others, or twice; counters without `_total`.
 */
export function parsePrometheusText(text: string): Metrics {
  if (!text.endsWith("\n")) throw new Error("it does not end with a line feed");
  const metrics = new Map<string, Map<string, number>>();
  let helped = "";
  let current: string | undefined;
  for (const line of text.slice(0, -1).split("\n")) {
    const [, help] = /^# HELP ([a-z_]+) \S.*$/.exec(line) ?? [];
    const [, typed, type] = /^# TYPE ([a-z_]+) (counter|gauge)$/.exec(line) ?? [];
    if (help !== undefined) {
      if (metrics.has(help)) throw new Error(`${help} comes twice`);
      helped = help;
      current = undefined;
    } else if (typed !== undefined) {
      if (typed !== helped) throw new Error(`${typed} has no help`);
      if ((type === "counter") !== typed.endsWith("_total")) throw new Error(`${typed} is a ${type}`);
      current = typed;
      metrics.set(typed, new Map());
    } else {
      const [, name, labels, value] = SAMPLE.exec(line) ?? [];
      if (name === undefined || name !== current) throw new Error(`it is no sample of ${current}: ${line}`);
      const samples = metrics.get(name)!;
      if (samples.has(labels!)) throw new Error(`it comes twice: ${line}`);
      samples.set(labels!, Number(value));
    }
  }
  return metrics;
}
