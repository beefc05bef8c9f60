/**
 * Draws elements that are in view, and frees those that are not: a report may have thousands of
 * charts.
 *
 * @module
 */

/** An element that is drawn while it is in view. */
export interface Attention {
  /** Draws it again, now or when it comes into view. */
  redraw(): void;
}

interface Watched {
  readonly draw: () => void;
  readonly forget: () => void;
  visible: boolean;
  drawn: boolean;
  waiting: boolean;
  width: number;
}

const watched = new Map<Element, Watched>();

const visibility = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const one = watched.get(target);
    if (one === undefined) continue;
    one.visible = isIntersecting;
    if (isIntersecting && !one.drawn) drawSoon(one);
    if (!isIntersecting && one.drawn) {
      one.drawn = false;
      one.forget();
    }
  }
}, { rootMargin: "600px 0px" });

const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const one = watched.get(target);
    if (one === undefined || Math.abs(contentRect.width - one.width) < 1) {
      continue;
    }
    one.width = contentRect.width;
    if (one.drawn) drawSoon(one);
  }
});

function drawSoon(one: Watched): void {
  if (one.waiting) return;
  one.waiting = true;
  requestAnimationFrame(() => {
    one.waiting = false;
    if (!one.visible) return;
    one.drawn = true;
    one.draw();
  });
}

/**
 * Draws an element when it comes into view or changes its width. `forget` is called to free its
 * resources when it is far out of view.
 */
export function watch(element: Element, draw: () => void, forget: () => void): Attention {
  const one: Watched = {
    draw,
    forget,
    visible: false,
    drawn: false,
    waiting: false,
    width: 0,
  };
  watched.set(element, one);
  visibility.observe(element);
  sizes.observe(element);
  return {
    redraw() {
      if (one.visible) drawSoon(one);
      else if (one.drawn) {
        one.drawn = false;
        one.forget();
      }
    },
  };
}

/** Stops watching an element that is removed from the page. */
export function unwatch(element: Element): void {
  visibility.unobserve(element);
  sizes.unobserve(element);
  watched.get(element)?.forget();
  watched.delete(element);
}

/** Draws everything at once, in view or not, for printing. */
export function drawAll(): void {
  for (const one of watched.values()) {
    one.drawn = true;
    one.draw();
  }
}
