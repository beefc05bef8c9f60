/** Whether native libraries may be loaded, which DuckDB and spools need. */
export const hasFfi: boolean = !("Deno" in globalThis) ||
  Deno.permissions.querySync({ name: "ffi" }).state === "granted";
