import type { Clock } from "../../runtime.ts";
import { NANOSECONDS_PER_MS } from "../../series.ts";
import { ASKED_AT_ONCE, type FoundFile, foundFile } from "../pieces/found_file.ts";
import { coveredBytes, type PieceEntry } from "../pieces/piece.ts";
import type { ShippableFiles } from "./shippable_files.ts";

/** ms for which the ledger's word counts that it has a file. */
const CONFIRMED_FOR = 60_000;

/** What the ledger has said of files that are to be let go: it is asked again shortly before. */
export class Confirmations {
  readonly #files: ShippableFiles;
  readonly #clock: Pick<Clock, "now">;
  readonly #keep: number;

  /** `keep`: ms for which files stay after they were shipped. */
  constructor(files: ShippableFiles, clock: Pick<Clock, "now">, keep: number) {
    this.#files = files;
    this.#clock = clock;
    this.#keep = keep;
  }

  /** Whether the ledger has said a short while ago that it has the file, and the file may be let go. */
  mayLetGo(name: string): boolean {
    const settled = this.#files.settledFile(name);
    if (settled === undefined || settled.stays || settled.confirmed === 0) return false;
    return settled.confirmed >= this.#clock.now() - CONFIRMED_FOR * NANOSECONDS_PER_MS;
  }

  /** Asks the ledger for files that are to be let go. Those that it has lost are doubted. */
  async renew(
    entriesOf: (files: readonly FoundFile[]) => Promise<ReadonlyMap<string, readonly PieceEntry[]>>,
  ): Promise<"all are there" | "some are lost"> {
    let isLost = false;
    if (this.#keep === Infinity) return "all are there";
    const now = this.#clock.now();
    const due: string[] = [];
    for (const name of this.#files.settledUntil(now - this.#keep * NANOSECONDS_PER_MS)) {
      if (!this.mayLetGo(name)) due.push(name);
    }
    for (let i = 0; i < due.length; i += ASKED_AT_ONCE) {
      const some = due.slice(i, i + ASKED_AT_ONCE).map((name) => foundFile(name)!);
      const entries = await entriesOf(some);
      for (const { name, stem } of some) {
        const settled = this.#files.settledFile(name);
        if (settled === undefined) continue;
        if (coveredBytes(entries.get(stem) ?? []) >= settled.covered) {
          this.#files.confirm(name, now);
          continue;
        }
        this.#files.doubt(name);
        isLost = true;
      }
    }
    return isLost ? "some are lost" : "all are there";
  }
}
