/** A function of any type. */
// deno-lint-ignore no-explicit-any
export type AnyFunction = (this: any, ...args: any[]) => any;

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
  const replacement = looksLike(original, function (this: unknown, ...args: unknown[]): unknown {
    return current.apply(this, args);
  });
  // Some of these properties are inherited, and some have no setter. A new one must not show up
  // where the program lists the properties.
  const { enumerable = false, configurable = true } = before ?? {};
  Reflect.defineProperty(object, name, { value: replacement, writable: true, configurable, enumerable });
  return () => {
    current = original as AnyFunction;
    if (Object.getOwnPropertyDescriptor(object, name)?.value !== replacement) return;
    if (before === undefined) Reflect.deleteProperty(object, name);
    else Reflect.defineProperty(object, name, before);
  };
}

/** Gives a function the name and the length of another. */
export function looksLike<F>(original: unknown, replacement: F): F {
  for (const property of ["name", "length"]) {
    const value = Reflect.get(original as object, property);
    Object.defineProperty(replacement, property, { value, configurable: true });
  }
  return replacement;
}

/**
 * As {@linkcode replaceFunction}, for what must be replaced or else be told.
 *
 * @throws {Error} if the object has no such function, or cannot be changed.
 */
export function mustReplaceFunction(
  object: object,
  name: string,
  make: (original: AnyFunction) => AnyFunction,
): () => void {
  const original: unknown = Reflect.get(object, name);
  if (typeof original !== "function") throw new Error(`there is no function ${name}`);
  const undo = replaceFunction(object, name, make);
  if (Reflect.get(object, name) === original) throw new Error(`${name} is read-only`);
  return undo;
}

/** Arguments of a constructor. */
export type Arguments = readonly unknown[];

/**
 * Replaces a class of an object by one that makes the same instances, of other arguments. The
 * original is called with its own arguments if `argumentsOf` throws. Returns a function that puts
 * the original back.
 *
 * @throws {Error} if the object has no such class, or cannot be changed.
 */
export function replaceClass(object: object, name: string, argumentsOf: (args: Arguments) => Arguments): () => void {
  const original: unknown = Reflect.get(object, name);
  if (typeof original !== "function") throw new Error(`there is no class ${name}`);
  const replacement = new Proxy(original, {
    construct(target, args, newTarget) {
      let given: Arguments = args;
      try {
        given = argumentsOf(args);
      } catch {
        // The program gets what it asked for.
      }
      return Reflect.construct(target, given, newTarget);
    },
  });
  const before = Object.getOwnPropertyDescriptor(object, name);
  const { enumerable = false, configurable = true } = before ?? {};
  const isReplaced = Reflect.defineProperty(object, name, {
    value: replacement,
    writable: true,
    configurable,
    enumerable,
  });
  if (!isReplaced) throw new Error(`${name} is read-only`);
  return () => {
    if (Reflect.get(object, name) !== replacement) return;
    if (before === undefined) Reflect.deleteProperty(object, name);
    else Reflect.defineProperty(object, name, before);
  };
}
