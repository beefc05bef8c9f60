/** Whether native libraries may be loaded: there is no DuckDB without, nor are there spools. */
export const hasFfi: boolean = !("Deno" in globalThis) ||
  Deno.permissions.querySync({ name: "ffi" }).state === "granted";
