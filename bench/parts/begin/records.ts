/** Records one sample, into `_monitoring` of the working directory. */

import * as monitor from "@kymo/kymo";

monitor.start();
monitor.stopDurationSample("my code block", monitor.startDurationSample());
await monitor.stop();
