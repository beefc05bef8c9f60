/**
 * Records the HTTP requests of a program, and its runtime, without a change of its code: by a
 * preload, or as the first import of its entry.
 *
 * ```sh
 * KYMO_DIR=/telemetry deno run --preload=jsr:@kymo/kymo/auto app.ts
 * KYMO_DIR=/telemetry bun --preload @kymo/kymo/auto app.ts
 * KYMO_DIR=/telemetry node --import @kymo/kymo/auto app.js
 * ```
 *
 * It starts the default monitor with what the environment says, and replaces what makes servers and
 * workers, so that all requests are timed, in workers too. What it replaced is in
 * `status().automatic`. Nothing that is wrong with the environment or the disk changes what the
 * program does: then nothing is recorded, and a line on standard error says why.
 *
 * @module
 */

import { recordAutomatically } from "./record_automatically.ts";

recordAutomatically(import.meta.url);
