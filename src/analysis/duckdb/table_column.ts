/** The values of a column: a typed array if its type is numeric and none is NULL. */
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
  /** Its name. Repeated names get the suffixes `:1`, `:2`, … */
  readonly name: string;
  /** Its DuckDB type: `"BIGINT"`, `"DOUBLE"`, `"VARCHAR"`, `"DOUBLE[]"`, … */
  readonly type: string;
  /** Its values. */
  readonly values: Column;
}
