/** Does nothing, and tells how much memory that takes. */

import { leastResident } from "./resident.ts";

console.log(JSON.stringify(await leastResident(() => Promise.resolve())));
