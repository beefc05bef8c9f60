/**
 * The client program with all of its outgoing requests timed.
 *
 * Arguments: those of the client program, the directory, and the options as JSON.
 */

import process from "node:process";
import * as monitor from "../../../../mod.ts";
import { timeOutgoing } from "../../../../src/http/mod.ts";

const [, , , , monitoringDir = "", options = "{}"] = process.argv;
monitor.start({ monitoringDir });
{
  using _ = timeOutgoing(JSON.parse(options));
  await import("./client_program.ts");
}
await fetch("http://127.0.0.1:1").catch(() => {}); // timed no more
await monitor.stop();
process.exit();
