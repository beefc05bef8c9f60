import { DuckDBInstance } from "@duckdb/node-api";

/** Number of rows by label in the published files of a channel, read by DuckDB. */
export async function countByLabelInDuckDb(directory: string, channel: string): Promise<Record<string, number>> {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  try {
    // No rejected rows are forgiven, and every column has the type that it is documented to have.
    const types = "{'Timepoint': 'BIGINT', 'Measurement': 'DOUBLE', 'Label': 'VARCHAR', 'PID': 'BIGINT'}";
    const files = `read_csv('${directory}/${channel}.*csv', header = true, columns = ${types}, strict_mode = true)`;
    const result = await connection.runAndReadAll(`SELECT Label, count(*) FROM ${files} GROUP BY Label`);
    return Object.fromEntries(result.getRows().map(([label, count]) => [String(label), Number(count)]));
  } finally {
    connection.closeSync();
  }
}
