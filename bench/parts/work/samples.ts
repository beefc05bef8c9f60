/** Records so many samples at full speed and ends. Arguments: directory, number of samples. Prints as JSON what became of them. */

import process from "node:process";
import * as monitor from "@kymo/kymo";

const [monitoringDir = "", samples = ""] = process.argv.slice(2);

// No timer is to flush in between: what is counted depends on the number of samples only.
monitor.start({ monitoringDir, flushInterval: 0 });
for (let i = 0; i < Number(samples); i++) {
  monitor.stopDurationSample("my code block", monitor.startDurationSample());
}
await monitor.stop();
const { recorded, flushed, dropped, errors } = monitor.status();
console.log(JSON.stringify({ recorded, flushed, dropped, errors }));
