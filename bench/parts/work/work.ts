/** Counts the work that samples make, instead of the time they take: bytes of the heap, system calls, instructions. */

import { tell } from "../../results/figure.ts";
import { allocations } from "./allocations.ts";
import { instructions } from "./instructions.ts";
import { systemCalls } from "./system_calls.ts";

// Beside each other: counts, unlike times, do not depend on who else runs.
const parts = await Promise.all([allocations(), systemCalls(), instructions()]);
tell({ figures: parts.flat() });
