/** Imports the module, and uses it as little as possible. */

import { status } from "@kymo/kymo";

if (status().running) throw new Error("it records");
