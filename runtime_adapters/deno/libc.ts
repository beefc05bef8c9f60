import { libcNames } from "../posix/libc.ts";

/** The reason why C functions may not be called; `undefined` if they may. Never prompts. */
export function ffiDenied(): string | undefined {
  // Asked for all libraries: if only some are allowed, Deno looks for the C library in the working
  // directory only.
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted" ? undefined : "needs --allow-ffi";
}

/** Functions of the C library, or the reason why there are none. */
export function openLibc<const S extends Deno.ForeignLibraryInterface>(
  functions: S,
): Deno.DynamicLibrary<S>["symbols"] | string {
  const denied = ffiDenied();
  if (denied !== undefined) return denied;
  const names = libcNames(Deno.build.os);
  for (const name of names) {
    try {
      return Deno.dlopen(name, functions).symbols;
    } catch {
      // The next name may exist.
    }
  }
  return `cannot load the C library: tried ${names.join(", ")}`;
}
