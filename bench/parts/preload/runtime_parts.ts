/** Loads what a recording loads of the runtime at its start, and does nothing else. */

const { process } = globalThis as unknown as { process: { getBuiltinModule(name: string): unknown } };

/** The modules that it asks for. */
const MODULES = "Deno" in globalThis
  ? ["node:events", "node:diagnostics_channel", "node:worker_threads", "node:module", "node:path", "node:v8"]
  : ["bun:ffi", "node:fs", "node:worker_threads", "node:diagnostics_channel", "node:os", "node:path", "node:v8"];

for (const name of MODULES) process.getBuiltinModule(name);
void globalThis.setTimeout; // the look at it loads it on Deno

export {};
