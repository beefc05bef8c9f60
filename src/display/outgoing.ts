/**
 * Begins the labels of outgoing requests where they are shown beside others, so that they are not taken for
 * a program's own routes.
 */
export const OUTGOING = "→ ";

/** Whether a label that is shown is one of outgoing requests. */
export function isOutgoing(label: string): boolean {
  return label.startsWith(OUTGOING);
}
