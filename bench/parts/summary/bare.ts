/**
 * Runs only the query that every summary needs: the count, mean and quantiles of each label,
 * straight from the files. Arguments: the directory, and `fixed` if the query names the columns, or
 * `detected` if DuckDB detects them. Prints as JSON the time within the program, ms, the peak
 * resident set, bytes, and the results by label.
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
