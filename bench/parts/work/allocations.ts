import process from "node:process";
import { run } from "../../harness/child.ts";
import { type Figure, spread } from "../../results/figure.ts";
import { temporaryDirectory } from "../../harness/published_files.ts";
import { LEAST_OBJECT, type UseName } from "./uses.ts";

/** Programs for each use: compilers may optimise the hot path differently in each. */
const PROGRAMS = 2;

/**
 * Memory thresholds: room for 6 million samples, more than a program records; and the default, half
 * of which holds 25,000.
 */
const NOT_DUE = 256 * 2 ** 20;
const DEFAULT = 2 ** 20;

/**
 * A young generation that holds several rounds of the use with most allocations, so that no garbage
 * is collected in between.
 */
const V8_FLAGS = "--min-semi-space-size=256,--max-semi-space-size=256";

/**
 * The same for JavaScriptCore, as an environment variable: bytes after which it collects garbage.
 */
const JSC_OPTION = ["BUN_JSC_largeHeapSize", String(2 ** 31)] as const;

/** Least bytes of a boxed number in the heap of V8. JavaScriptCore does not box numbers. */
const LEAST_BOXED = "Deno" in globalThis ? 12 : 0;

const program = new URL("./allocated.ts", import.meta.url);

/** Bytes per use: the median of the rounds of each program. */
async function taken(use: UseName, memoryThreshold: number): Promise<number[]> {
  const medians: number[] = [];
  for (let i = 0; i < PROGRAMS; i++) {
    using directory = temporaryDirectory();
    const args = [directory.path, use, String(memoryThreshold)];
    const { bytes, flushed } = await run(program, { args, v8Flags: V8_FLAGS }) as { bytes: number[]; flushed: number };
    if (memoryThreshold === NOT_DUE && flushed > 0) throw new Error(`Cannot measure: ${use}: samples were flushed`);
    medians.push(spread(bytes).median);
  }
  return medians;
}

/** Rounds to a tenth of a byte, the resolution of the meter. */
function rounded(bytes: number): number {
  return Math.max(0, Math.round(10 * bytes) / 10);
}

/**
 * Bytes of the heap per sample, after warm-up.
 *
 * @throws {Error} if the meter does not see objects or boxed numbers.
 */
export async function allocations(): Promise<Figure[]> {
  process.env[JSC_OPTION[0]] = JSC_OPTION[1];
  try {
    return await measured();
  } finally {
    delete process.env[JSC_OPTION[0]];
  }
}

async function measured(): Promise<Figure[]> {
  const control = async (use: UseName) => spread(await taken(use, NOT_DUE)).median;
  const nothing = await control("nothing");
  const objects = await control("objects") - nothing;
  const fractions = await control("fractions") - nothing;
  const strings = await control("strings") - nothing;
  if (nothing > 1 || objects < LEAST_OBJECT || fractions < LEAST_BOXED) {
    throw new Error(`Cannot measure: an object takes ${objects} bytes, a number ${fractions}, nothing ${nothing}`);
  }
  const figure = async (what: string, use: UseName, memoryThreshold: number, goal?: Figure["goal"]) => {
    const callers = nothing + (use === "dynamic" ? strings : 0);
    const bytes = (await taken(use, memoryThreshold)).map((each) => rounded(each - callers));
    const named = `heap per sample: ${what}, ${memoryThreshold === NOT_DUE ? "no flush due" : "flush included"}`;
    return { what: named, unit: "bytes", value: spread(bytes), ...goal === undefined ? {} : { goal } };
  };
  return [
    await figure("start + stop, constant label", "constant", NOT_DUE, { atMost: 0 }),
    await figure("start + stop, constant label", "constant", DEFAULT),
    await figure("start + stop, 1,000 prepared labels", "prepared", NOT_DUE, { atMost: 0 }),
    await figure("start + stop, 1,000 prepared labels", "prepared", DEFAULT),
    await figure("start + stop, 1,000 labels built at the call, without the strings", "dynamic", NOT_DUE, {
      atMost: 0,
    }),
    await figure("start + stop, 1,000 labels built at the call, without the strings", "dynamic", DEFAULT),
    await figure("timeIt around an empty function", "timeIt", NOT_DUE),
    await figure("using time()", "using", NOT_DUE),
    { what: "heap per object of one number: the control", unit: "bytes", value: spread([rounded(objects)]) },
  ];
}
