import type { Diagnostics } from "../../../src/runtime.ts";
import { builtin } from "../builtins.ts";

/** The used part of `node:diagnostics_channel`. */
interface DiagnosticsChannel {
  subscribe(name: string, listener: (message: unknown) => void): void;
}

/** The channels of `node:diagnostics_channel`, where there are any. */
export const diagnostics: Diagnostics = {
  subscribe(channel, listener) {
    try {
      builtin<DiagnosticsChannel>("node:diagnostics_channel").subscribe(channel, listener);
    } catch {
      // There are none: nobody tells anything.
    }
  },
};
