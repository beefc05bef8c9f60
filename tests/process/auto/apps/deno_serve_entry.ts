/** The entry with which `deno serve` serves and records an application that knows nothing of it. */

import "../../../../src/auto/mod.ts";
export { default } from "./default_export.ts";
