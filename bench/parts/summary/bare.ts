/**
 * The query that a summary cannot do without, and nothing else: of each label the number, the mean and the quantiles, straight from the files.
 * Arguments: the directory, and `fixed` if DuckDB is told what the columns are, or `detected` if it finds out by itself. Prints, as JSON, how
 * long it took within the program, ms, its largest resident set, bytes, and what it found, by label.
 */

import { DuckDBInstance } from "@duckdb/node-api";
import process from "node:process";
import { peakMemory } from "./peak_memory.ts";

const [directory, columns] = process.argv.slice(2);
const dialect = columns === "fixed"
  ? `, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', ` +
    `columns = {'Timepoint': 'BIGINT', 'Measurement': 'DOUBLE', 'Label': 'VARCHAR', 'PID': 'BIGINT'}`
  : "";

const begin = performance.now();
const connection = await (await DuckDBInstance.create()).connect();
const result = await connection.runAndReadAll(`
  SELECT Label, count(*)::DOUBLE, avg(Measurement), quantile_cont(Measurement, [0.5, 0.9, 0.99, 0.999])
  FROM read_csv('${directory}/duration.*.csv'${dialect}) GROUP BY Label
`);
const series = Object.fromEntries(
  result.getRowsJS().map(([label, count, mean, quantiles]) => [label, [count, mean, ...quantiles as number[]]]),
);
const time = performance.now() - begin;
console.log(JSON.stringify({ time, peak: peakMemory(), series }));
