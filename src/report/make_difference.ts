/**
 * Makes the page that compares two recordings, or two groups of them.
 *
 * @module
 */

import { type DifferenceOptions, type DifferenceRun, readDifference } from "./difference/read_difference.ts";
import { renderDifferencePage } from "./page.ts";
import type { DifferenceData, FoundChanges, Sides } from "./shared/difference_data.ts";

/** A page that compares, and what it shows. */
export interface DifferencePage {
  readonly html: string;
  readonly data: DifferenceData;
}

/**
 * Makes the page of changes that were found.
 *
 * @throws {KymoError} if the rows cannot be read.
 */
export async function makeDifferencePage(
  sides: Sides<readonly DifferenceRun[]>,
  found: FoundChanges,
  options: DifferenceOptions,
): Promise<DifferencePage> {
  const data = await readDifference(sides, found, options);
  return { html: await renderDifferencePage(data), data };
}
