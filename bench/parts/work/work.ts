/**
 * Counts the work of samples instead of their time: bytes of the heap, system calls, instructions.
 */

import { reportFindings } from "../../results/figure.ts";
import { allocations } from "./allocations.ts";
import { instructions } from "./instructions.ts";
import { systemCalls } from "./system_calls.ts";

// Concurrently: counts, unlike times, do not depend on other load.
const parts = await Promise.all([allocations(), systemCalls(), instructions()]);
reportFindings({ figures: parts.flat() });
