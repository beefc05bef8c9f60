import type { DuckDBMaterializedResult, DuckDBVector } from "@duckdb/node-api";
import type { Column } from "./table_column.ts";
import { Table } from "./table.ts";

/** The typed array of each type of number. */
const ARRAYS = {
  BIGINT: BigInt64Array,
  UBIGINT: BigUint64Array,
  DOUBLE: Float64Array,
  FLOAT: Float32Array,
  INTEGER: Int32Array,
  UINTEGER: Uint32Array,
  SMALLINT: Int16Array,
  USMALLINT: Uint16Array,
  TINYINT: Int8Array,
  UTINYINT: Uint8Array,
} as const;

type NumericType = keyof typeof ARRAYS;
type NumericArray = InstanceType<(typeof ARRAYS)[NumericType]>;
type NumericArrayConstructor = new (buffer: ArrayBuffer) => NumericArray;

/** Most rows of a chunk of DuckDB. */
const CHUNK_ROWS = 2048;

/**
 * Reads a result chunk by chunk. It must not be a streamed one: that seems to end where an error
 * occurs.
 */
export async function readTable(result: DuckDBMaterializedResult): Promise<Table> {
  const names = result.deduplicatedColumnNames();
  const types = result.columnTypes().map(String);
  const builders = types.map((type) => new ColumnBuilder(type));
  let rows = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    for (const [index, builder] of builders.entries()) builder.append(chunk.getColumnVector(index));
    rows += chunk.rowCount;
  }
  return new Table(rows, names.map((name, index) => ({ name, type: types[index]!, values: builders[index]!.end() })));
}

/** A column that grows chunk by chunk: a typed array up to the first NULL. */
class ColumnBuilder {
  #numbers: NumericArray | undefined;
  #values: unknown[] = [];
  #length = 0;

  constructor(type: string) {
    if (type in ARRAYS) this.#numbers = new ARRAYS[type as NumericType](CHUNK_ROWS);
  }

  /** Adds the values of a chunk. */
  append(vector: DuckDBVector): void {
    if (this.#numbers !== undefined) {
      const items = numbersOf(vector);
      if (items !== undefined) return this.#appendNumbers(items, this.#numbers);
      this.#values = Array.from(this.#numbers.subarray(0, this.#length) as ArrayLike<unknown>);
      this.#numbers = undefined;
    }
    for (let index = 0; index < vector.itemCount; index++) this.#values.push(toPlain(vector.getItem(index)));
  }

  #appendNumbers(items: NumericArray, numbers: NumericArray): void {
    const length = this.#length + items.length;
    const room = length <= numbers.length ? numbers : resized(numbers, 2 * length);
    (room as Float64Array).set(items as Float64Array, this.#length); // both have the same type, which TypeScript cannot know
    this.#numbers = room;
    this.#length = length;
  }

  /** All values. */
  end(): Column {
    return this.#numbers === undefined ? this.#values : resized(this.#numbers, this.#length);
  }
}

/** Moves numbers to an array of another length; the given array must not be used any more. */
function resized(numbers: NumericArray, length: number): NumericArray {
  const buffer = (numbers.buffer as ArrayBuffer).transfer(length * numbers.BYTES_PER_ELEMENT);
  return new (numbers.constructor as NumericArrayConstructor)(buffer);
}

/**
 * The numbers of a vector, unless one is NULL: the array in which the vector stores them, which the
 * types of the package declare private. To get the numbers of 10 million rows one by one takes two
 * to three times as long.
 */
function numbersOf(vector: DuckDBVector): NumericArray | undefined {
  const { items, validity } = vector as unknown as { items?: NumericArray; validity?: { data?: unknown } };
  return ArrayBuffer.isView(items) && validity?.data === null ? items : undefined;
}

/** A value of the package as plain JavaScript. Its class is recognized by its properties. */
function toPlain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("items" in value) return (value.items as unknown[]).map(toPlain); // a list or an array
  if ("entries" in value) {
    return Array.isArray(value.entries)
      ? value.entries.map(({ key, value }) => ({ key: toPlain(key), value: toPlain(value) })) // a map
      : Object.fromEntries(Object.entries(value.entries as object).map(([key, item]) => [key, toPlain(item)]));
  }
  if ("bytes" in value) return value.bytes; // a blob
  if ("toDouble" in value) return (value as { toDouble(): number }).toDouble(); // a decimal
  if ("value" in value) return toPlain(value.value); // a union or a variant
  return String(value); // dates, times, intervals, UUIDs, bits: as DuckDB writes them, to the last digit
}
