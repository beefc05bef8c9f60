/** The command line of Kymo with the arguments of this program; then it prints, as JSON on a line of its own, its largest resident set, bytes. */

import "../../../src/cli/main.ts";
import { peakMemory } from "./peak_memory.ts";

console.log(`\n${JSON.stringify({ peak: peakMemory() })}`);
