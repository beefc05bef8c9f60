/** The values of a column; a typed array if it is of numbers, none of which is null. */
export type Column =
  | BigInt64Array
  | BigUint64Array
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | unknown[];

/** A column of a {@linkcode Table}. */
export interface TableColumn {
  /** Its name; `:1`, `:2`, … are added to names that were there before. */
  readonly name: string;
  /** Its type in DuckDB's words: `"BIGINT"`, `"DOUBLE"`, `"VARCHAR"`, `"DOUBLE[]"`, … */
  readonly type: string;
  /** Its values. */
  readonly values: Column;
}
