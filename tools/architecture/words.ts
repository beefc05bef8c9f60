/**
 * Words that the project has replaced. They must not come back, neither as identifiers nor in
 * comments, messages and documents.
 *
 * @module
 */

/** A replaced word. */
interface ReplacedWord {
  /** Matches the old word and nothing else. */
  readonly pattern: RegExp;
  /** The new word. */
  readonly use: string;
  /** The files in which the old word has its old meaning. Default: all. */
  readonly where?: RegExp;
}

/** What records, from the segment to the entries: here a bucket or prefix would be a channel. */
const recording =
  /^(mod\.ts|src\/[^/]+\.ts|(src\/(segment|csv|files|sampling|profiling|recording|http)|runtime_adapters)\/.*)$/;

const replacedWords: readonly ReplacedWord[] = [
  { pattern: /\b(?!(?:Performance|Resize|Intersection|Mutation)Observer)\w*Observer\b/, use: "ObservationSink" },
  { pattern: /\banchor(s|ed)?\b/i, use: "epochOffset", where: recording },
  { pattern: /\b(?:class|new|type) Turns\b/, use: "TimeSlicer" },
  { pattern: /\b(?:[A-Z]\w*)?Means\b/, use: "Deps" },
  { pattern: /\b(?:interface|type|class) \w*Settings\b/, use: "Options" },
  { pattern: /\bSurroundings?\b/i, use: "CliContext" },
  { pattern: /\bMoment\b/, use: "TimeArgument" },
  { pattern: /\bcompanions?\b/i, use: "CorrelatedSeries" },
  { pattern: /\bharmless\b/i, use: "sanitize" },
  { pattern: /\blog-linear\b/i, use: "exponential" },
  { pattern: /\b\w*bucket\w*\b/i, use: "channel, or DoubleBuffer", where: recording },
  { pattern: /\bprefix(?:es)?\b/i, use: "channel", where: /^(mod\.ts|src\/recording\/.*)$/ },
  { pattern: /\b(?:interface|type|class) \w*Way\b/, use: "ReadMode" },
];

/**
 * The replaced words in a file, one sentence each. Lines of a table of replaced words and generated
 * files are the caller's to leave out.
 */
export function findReplacedWords(path: string, text: string): string[] {
  return text.split("\n").flatMap((line, index) =>
    replacedWords.filter(({ pattern, where }) => (where?.test(path) ?? true) && pattern.test(line))
      .map(({ pattern, use }) => `${path}:${index + 1}: ${pattern.exec(line)?.[0]}: use ${use}`)
  );
}
