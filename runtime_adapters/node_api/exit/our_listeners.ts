/**
 * Marks our listeners, so that several copies of this module in one program do not take each
 * other's for the program's.
 */
const OURS = Symbol.for("@kymo/kymo exit listener");

/** Marks a listener as one of ours. */
export function markOurs<L extends (...args: unknown[]) => void>(listener: L): L {
  return Object.assign(listener, { [OURS]: true });
}

/** Whether a listener is marked as ours, by this copy of the module or another. */
export function isOurs(listener: unknown): boolean {
  return typeof listener === "function" && OURS in listener;
}
