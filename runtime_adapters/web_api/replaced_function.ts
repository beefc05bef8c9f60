/** A function of any type. */
// deno-lint-ignore no-explicit-any
type AnyFunction = (this: any, ...args: any[]) => any;

/**
 * Replaces a function of an object by the one that `make` returns for it, with the same name and
 * length. Returns a function that puts the original back. If other code has replaced ours
 * meanwhile, ours stays in their chain and only calls the original. An object that cannot be
 * changed stays as it is.
 */
export function replaceFunction(
  object: object,
  name: string,
  make: (original: AnyFunction) => AnyFunction,
): () => void {
  const before = Object.getOwnPropertyDescriptor(object, name);
  const original: unknown = Reflect.get(object, name);
  if (typeof original !== "function") return () => {};
  let current = make(original as AnyFunction);
  const replacement = function (this: unknown, ...args: unknown[]): unknown {
    return current.apply(this, args);
  };
  for (const property of ["name", "length"]) {
    Object.defineProperty(replacement, property, { value: Reflect.get(original, property), configurable: true });
  }
  // Some of these properties are inherited, and some have no setter. A new one must not show up
  // where the program lists the properties.
  const enumerable = before?.enumerable ?? false;
  Reflect.defineProperty(object, name, { value: replacement, writable: true, configurable: true, enumerable });
  return () => {
    current = original as AnyFunction;
    if (Object.getOwnPropertyDescriptor(object, name)?.value !== replacement) return;
    if (before === undefined) Reflect.deleteProperty(object, name);
    else Reflect.defineProperty(object, name, before);
  };
}
