/** A worker that answers its first message with what it knows of itself. */

const scope = globalThis as unknown as Worker & { readonly location?: { readonly href: string } };
scope.addEventListener("message", ({ data }) => {
  scope.postMessage({ data, isMain: import.meta.main, place: scope.location?.href });
});
