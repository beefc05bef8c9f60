/** As `acknowledging_writer.ts`, but the names of all its files are known beforehand. */

import "./known_names.ts";
import "./acknowledging_writer.ts";
