/**
 * Draws elements that are in view, and frees those that are not: a report may have thousands of
 * charts.
 *
 * @module
 */

/** An element that is drawn while it is in view. */
export interface LazyDrawing {
  /** Draws it again, now or when it comes into view. */
  redraw(): void;
}

interface Watched {
  readonly draw: () => void;
  readonly free: () => void;
  visible: boolean;
  drawn: boolean;
  waiting: boolean;
  width: number;
}

const watched = new Map<Element, Watched>();

const visibility = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const entry = watched.get(target);
    if (entry === undefined) continue;
    entry.visible = isIntersecting;
    if (isIntersecting && !entry.drawn) drawSoon(entry);
    if (!isIntersecting && entry.drawn) {
      entry.drawn = false;
      entry.free();
    }
  }
}, { rootMargin: "600px 0px" });

const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const entry = watched.get(target);
    if (entry === undefined || Math.abs(contentRect.width - entry.width) < 1) {
      continue;
    }
    entry.width = contentRect.width;
    if (entry.drawn) drawSoon(entry);
  }
});

function drawSoon(entry: Watched): void {
  if (entry.waiting) return;
  entry.waiting = true;
  requestAnimationFrame(() => {
    entry.waiting = false;
    if (!entry.visible) return;
    entry.drawn = true;
    entry.draw();
  });
}

/**
 * Draws an element when it comes into view or changes its width. `free` is called to free its
 * resources when it is far out of view.
 */
export function watch(element: Element, draw: () => void, free: () => void): LazyDrawing {
  const entry: Watched = {
    draw,
    free,
    visible: false,
    drawn: false,
    waiting: false,
    width: 0,
  };
  watched.set(element, entry);
  visibility.observe(element);
  sizes.observe(element);
  return {
    redraw() {
      if (entry.visible) drawSoon(entry);
      else if (entry.drawn) {
        entry.drawn = false;
        entry.free();
      }
    },
  };
}

/** Stops watching an element that is removed from the page. */
export function unwatch(element: Element): void {
  visibility.unobserve(element);
  sizes.unobserve(element);
  watched.get(element)?.free();
  watched.delete(element);
}

/** Stops watching what is in an element that is removed from the page. */
export function unwatchWithin(element: Element): void {
  for (const one of watched.keys()) if (element.contains(one)) unwatch(one);
}

/** Draws everything at once, in view or not, for printing. */
export function drawAll(): void {
  for (const entry of watched.values()) {
    entry.drawn = true;
    entry.draw();
  }
}
