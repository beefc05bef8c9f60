/** Does nothing, and prints its memory. */

import { leastResident } from "./resident.ts";

console.log(JSON.stringify(await leastResident(() => Promise.resolve())));
