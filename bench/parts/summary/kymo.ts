/**
 * Runs the command line of Kymo with the arguments of this program, and then prints its peak
 * resident set as a line of JSON, bytes.
 */

import "../../../src/cli/main.ts";
import { peakMemory } from "./peak_memory.ts";

console.log(`\n${JSON.stringify({ peak: peakMemory() })}`);
