import type { DataType, Vector } from "apache-arrow";
import type { TableColumn } from "./table_column.ts";
import { absent, loadPackage } from "../../optional_package.ts";

type ArrowModule = typeof import("apache-arrow");

const importArrow = (): Promise<ArrowModule> => import("apache-arrow").catch(absent);

/** Encodes columns as a table of Apache Arrow, in its streaming format. */
export async function toArrow(
  columns: readonly TableColumn[],
  runtimeName: string,
  importModule = importArrow,
): Promise<Uint8Array> {
  const arrow = await loadPackage("apache-arrow", "make an Arrow table", runtimeName, importModule);
  const vectors = columns.map((column) => [column.name, toVector(column, arrow)] as const);
  return arrow.tableToIPC(new arrow.Table(Object.fromEntries(vectors)), "stream");
}

/** A vector of Arrow. Texts are in a dictionary, since labels repeat. */
function toVector({ type, values }: TableColumn, arrow: ArrowModule): Vector {
  if (ArrayBuffer.isView(values)) return arrow.makeVector(values as Float64Array) as Vector;
  const inferred = type === "VARCHAR" ? new arrow.Utf8() : inferType(values, arrow);
  const isText = inferred instanceof arrow.Utf8;
  return arrow.vectorFromArray(values, isText ? new arrow.Dictionary(inferred, new arrow.Int32()) : inferred) as Vector;
}

/**
 * The type of Arrow that all values have. Arrow's own inference fails for lists and objects of
 * texts.
 */
function inferType(values: readonly unknown[], arrow: ArrowModule): DataType {
  const present = values.filter((value) => value !== null);
  const [sample] = present;
  switch (typeof sample) {
    case "undefined":
      return new arrow.Null();
    case "number":
      return new arrow.Float64();
    case "boolean":
      return new arrow.Bool();
    case "bigint": {
      const fits = (present as bigint[]).every((value) => BigInt.asIntN(64, value) === value);
      return fits ? new arrow.Int64() : new arrow.Utf8();
    }
    case "object":
      if (sample instanceof Uint8Array) return new arrow.Binary();
      if (Array.isArray(sample)) {
        return new arrow.List(new arrow.Field("item", inferType((present as unknown[][]).flat(), arrow), true));
      }
      return new arrow.Struct(
        Object.keys(sample as object).map((key) => {
          const members = (present as Record<string, unknown>[]).map((object) => object[key]);
          return new arrow.Field(key, inferType(members, arrow), true);
        }),
      );
    default:
      return new arrow.Utf8();
  }
}
