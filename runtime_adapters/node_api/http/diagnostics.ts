import type { Diagnostics } from "../../../src/runtime.ts";
import { builtin } from "../builtins.ts";

/** The used part of `node:diagnostics_channel`. */
interface DiagnosticsChannel {
  channel(name: string): object;
  subscribe(name: string, listener: (message: unknown) => void): void;
}

/** Channels with listeners: before 1.4 Bun forgets both when nobody else holds the channel. */
const subscribed: object[] = [];

/** The channels of `node:diagnostics_channel`, where there are any. */
export const diagnostics: Diagnostics = {
  subscribe(channel, listener) {
    try {
      const channels = builtin<DiagnosticsChannel>("node:diagnostics_channel");
      subscribed.push(channels.channel(channel));
      channels.subscribe(channel, listener);
    } catch {
      // There are none: nobody tells anything.
    }
  },
};
