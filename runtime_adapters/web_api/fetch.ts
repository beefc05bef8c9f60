import type { ClientTimer, Replaceable } from "../../src/runtime.ts";

/** The global `fetch`. */
export const globalFetch: Replaceable<ClientTimer> = {
  name: "fetch",
  replace(timer) {
    const before = Object.getOwnPropertyDescriptor(globalThis, "fetch");
    if (typeof before?.value !== "function") throw new Error("there is no function fetch");
    const value = timer.fetch(before.value);
    if (!Reflect.defineProperty(globalThis, "fetch", { ...before, value })) throw new Error("fetch is read-only");
    return () => {
      if (globalThis.fetch === value) Reflect.defineProperty(globalThis, "fetch", before);
    };
  },
};
