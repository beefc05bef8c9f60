import type { CompactedFile } from "./compacted_files.ts";
import { type CompactedInput, digestOfFile, INPUT_DIGITS } from "./format.ts";
import type { Files } from "../../runtime.ts";

/** Which files of a directory do not count, because their rows are in compacted files. */
export class Coverage {
  readonly #files: Files;
  readonly #inputs = new Map<string, CompactedInput[]>();

  /** Of the compacted files of one directory. */
  constructor(files: Files, compacted: readonly CompactedFile[]) {
    this.#files = files;
    for (const { inputs } of compacted) {
      for (const input of inputs) {
        const known = this.#inputs.get(input.name);
        if (known === undefined) this.#inputs.set(input.name, [input]);
        else known.push(input);
      }
    }
  }

  /** The names of all inputs, whether they are still there or not. */
  get names(): Iterable<string> {
    return this.#inputs.keys();
  }

  /**
   * Whether the rows of a file are in a compacted file: one names it, with its size and digest. Of a
   * file that cannot be read that is not known, and it is told elsewhere.
   */
  async covers(name: string, path: string): Promise<boolean> {
    const inputs = this.#inputs.get(name);
    if (inputs === undefined) return false;
    try {
      const size = this.#files.status(path)?.size;
      const alike = inputs.filter((input) => input.size === size);
      if (size === undefined || alike.length === 0) return false;
      const sha256 = await digestOfFile(this.#files, path, size);
      return alike.some(({ digest }) => sha256?.slice(0, INPUT_DIGITS) === digest);
    } catch {
      return false;
    }
  }
}
