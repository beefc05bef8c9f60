/**
 * Whether those who recorded into a monitoring directory are alive.
 *
 * A program holds the locks of its spools while it lives (see `spool.ts`), in whatever namespace its
 * PID is, so nothing but its spools is asked. A program without spools, as with durability
 * `"memory"`, cannot be told alive from dead, unless its program record says how it ended.
 *
 * @module
 */

import type { MonitoringDirectory } from "./directory.ts";
import { type ProcessId, processKey } from "./names.ts";
import { type FoundSpool, listSpools, SpoolReader } from "./spool_reader.ts";

/** `"unknown"`: it has no spools, or they may not be read, or files cannot be locked there. */
export type Liveness = "alive" | "dead" | "unknown";

/** The owners of the spools that a directory has at one moment. */
export class SpoolOwners {
  readonly #directory: MonitoringDirectory;
  readonly #spools: ReadonlyMap<string, readonly FoundSpool[]>;

  /** Lists the spools. Does not throw. */
  constructor(directory: MonitoringDirectory) {
    this.#directory = directory;
    this.#spools = Map.groupBy(completeSpools(directory), ({ name: { owner } }) => processKey(owner));
  }

  /** Whether a process is alive, by the locks of its spools now. */
  liveness(owner: ProcessId): Liveness {
    const { files } = this.#directory;
    const locked = (this.#spools.get(processKey(owner)) ?? []).map(({ path }) => SpoolReader.isLocked(files, path));
    if (locked.includes(true)) return "alive";
    return locked.includes(false) ? "dead" : "unknown";
  }
}

function completeSpools(directory: MonitoringDirectory): FoundSpool[] {
  try {
    return listSpools(directory).filter(({ name }) => name.state === "complete");
  } catch {
    return [];
  }
}
