/** Loaded before the preload: nobody can replace what it has frozen. */

import process from "node:process";

const { Deno: deno, Bun: bun } = globalThis as unknown as { readonly Deno?: object; readonly Bun?: object };
if (deno !== undefined) {
  Object.defineProperty(deno, "serve", { value: Reflect.get(deno, "serve"), writable: false, configurable: false });
}
if (bun !== undefined) Object.defineProperty(bun, "serve", { writable: false });
Object.defineProperty(globalThis, "Worker", { value: globalThis.Worker, writable: false, configurable: false });

process.on("exit", () => {
  const monitor = Reflect.get(globalThis, Symbol.for("@kymo/kymo monitor 1"));
  console.log(JSON.stringify(monitor.monitor.status().automatic));
});
