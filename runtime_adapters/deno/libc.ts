import { libcNames } from "../posix/libc.ts";

/** Why no C library may be called, if it may not. Asks for no permission. */
export function ffiDenied(): string | undefined {
  // Not of the one library: if only some are allowed, Deno looks for it in the working directory and nowhere else.
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted" ? undefined : "needs --allow-ffi";
}

/** Functions of the C library; or why they cannot be had. */
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
      // Another C library may bear another name.
    }
  }
  return `none of ${names.join(", ")} can be loaded`;
}
