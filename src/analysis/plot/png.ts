import { KymoError, reason } from "../../errors.ts";
import { absent, loadPackage } from "../../optional_package.ts";

type ResvgModule = typeof import("@resvg/resvg-js");

const importResvg = (): Promise<ResvgModule> => import("@resvg/resvg-js").catch(absent);

/** Pixels of the picture for each of the chart. */
const ZOOM = 2;

/** A text, to see whether there is a font. */
const PROBE = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text x="2" y="15">m</text></svg>';

/**
 * An SVG as PNG, twice as fine.
 *
 * @throws {KymoError} `"missing-package"` without the package `@resvg/resvg-js`; `"unsupported"` if the
 * machine has no font; `"permission-denied"` on Deno without `--allow-ffi`.
 */
export async function pngOf(
  svg: string,
  runtimeName: string,
  importModule: () => Promise<ResvgModule> = importResvg,
): Promise<Uint8Array> {
  const { Resvg } = await loadPackage("@resvg/resvg-js", "write a PNG", runtimeName, importModule);
  try {
    if (new Resvg(PROBE).getBBox() === undefined) {
      throw new KymoError("unsupported", "Cannot write a PNG: no font is installed here; an SVG needs none");
    }
    return new Resvg(svg, { fitTo: { mode: "zoom", value: ZOOM } }).render().asPng();
  } catch (error) {
    if (error instanceof KymoError) throw error;
    throw new KymoError("io", `Cannot write a PNG: ${reason(error)}`, { cause: error });
  }
}
