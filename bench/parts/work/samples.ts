/**
 * Records samples at full speed, and prints its counts as JSON. Arguments: directory, number of
 * samples.
 */

import process from "node:process";
import * as monitor from "@kymo/kymo";

const [monitoringDir = "", samples = ""] = process.argv.slice(2);

// So that no timer flushes in between, and the counts depend on the number of samples only.
monitor.start({ monitoringDir, flushInterval: 0 });
for (let i = 0; i < Number(samples); i++) {
  monitor.stopDurationSample("my code block", monitor.startDurationSample());
}
await monitor.stop();
const { recorded, flushed, dropped, errors } = monitor.status();
console.log(JSON.stringify({ recorded, flushed, dropped, errors }));
