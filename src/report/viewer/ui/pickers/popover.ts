/**
 * Closes a list that opens when Escape is pressed in it, or when something outside of it is pressed.
 * `summary` is what opens it.
 */
export function closeOnLeave(details: HTMLDetailsElement, summary: HTMLElement): void {
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    details.open = false;
    summary.focus();
  });
  const leave = (event: PointerEvent): void => {
    if (!details.isConnected) return document.removeEventListener("pointerdown", leave);
    if (event.target instanceof Node && !details.contains(event.target)) details.open = false;
  };
  document.addEventListener("pointerdown", leave);
}
