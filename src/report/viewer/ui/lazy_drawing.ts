/**
 * Draws elements that are in view, and frees those that are not: a report may have thousands of
 * charts. Those in the window are drawn first, and those near it when the page has nothing else to do.
 *
 * @module
 */

/** An element that is drawn while it is in view. */
export interface LazyDrawing {
  /** Draws it again, now or when it comes into view. */
  redraw(): void;
}

/** When an element is drawn that is in the window: in the next frame, or when nothing else is left to do. */
export type Urgency = "next frame" | "when idle";

interface Watched {
  readonly urgency: Urgency;
  readonly draw: () => void;
  readonly free: () => void;
  /** Whether it is in the window or near it. */
  visible: boolean;
  drawn: boolean;
  width: number;
}

/** How far outside of the window an element is near it, pixels. */
const NEAR = 600;

/** Longest time that an element near the window waits, ms. */
const LONGEST_WAIT = 200;

/** For so long drawing goes on also on a busy page, ms: less than a frame. */
const LEAST_TIME = 8;

const watched = new Map<Element, Watched>();

/** What is drawn in the next frame if it is in the window, and later if it is near it. */
const inNextFrame = new Map<Element, Watched>();
const later = { inWindow: new Set<Watched>(), near: new Set<Watched>() };
let isWaiting = false;

const { promise: firstDrawing, resolve: isDrawn } = Promise.withResolvers<void>();

const visibility = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const entry = watched.get(target);
    if (entry === undefined) continue;
    entry.visible = isIntersecting;
    if (isIntersecting && !entry.drawn) drawSoon(target, entry);
    if (!isIntersecting && entry.drawn) {
      entry.drawn = false;
      entry.free();
    }
  }
  if (inNextFrame.size === 0) isDrawn();
}, { rootMargin: `${NEAR}px 0px` });

const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const entry = watched.get(target);
    if (entry === undefined || Math.abs(contentRect.width - entry.width) < 1) {
      continue;
    }
    entry.width = contentRect.width;
    if (entry.drawn) drawSoon(target, entry);
  }
});

function drawSoon(element: Element, entry: Watched): void {
  if (inNextFrame.size === 0) requestAnimationFrame(drawFrame);
  inNextFrame.set(element, entry);
}

function drawFrame(): void {
  const now: Watched[] = [];
  // All are measured before one is drawn, which changes what is measured.
  for (const [element, entry] of inNextFrame) {
    const { top, bottom } = element.getBoundingClientRect();
    const isInWindow = bottom > 0 && top < innerHeight;
    later.near.delete(entry);
    if (!isInWindow) later.near.add(entry);
    else if (entry.urgency === "when idle") later.inWindow.add(entry);
    else now.push(entry);
  }
  inNextFrame.clear();
  now.forEach(draw);
  isDrawn();
  drawLater();
}

/** Draws what is left while the page has nothing else to do. */
function drawLater(): void {
  if (isWaiting || later.inWindow.size + later.near.size === 0) return;
  isWaiting = true;
  whenIdle((hasTime) => {
    isWaiting = false;
    for (const waiting of [later.inWindow, later.near]) {
      for (const entry of waiting) {
        waiting.delete(entry);
        draw(entry);
        if (!hasTime()) return drawLater();
      }
    }
  });
}

/** Calls back when the page is idle, or has long been busy, with whether it has time left. Safari has no idle callbacks. */
function whenIdle(callback: (hasTime: () => boolean) => void): void {
  const call = (deadline?: IdleDeadline): void => {
    const end = performance.now() + LEAST_TIME;
    callback(() => (deadline?.timeRemaining() ?? 0) > 0 || performance.now() < end);
  };
  if (typeof requestIdleCallback === "undefined") setTimeout(call, 1);
  else requestIdleCallback(call, { timeout: LONGEST_WAIT });
}

function draw(entry: Watched): void {
  if (!entry.visible) return;
  entry.drawn = true;
  entry.draw();
}

/** Resolves when what is urgent in the window has been drawn and painted for the first time. */
export async function whenDrawn(): Promise<void> {
  if (watched.size > 0) await firstDrawing;
  // A frame is painted after its callbacks.
  await new Promise((resolve) => setTimeout(resolve));
}

/**
 * Draws an element when it comes into view or changes its width. `free` is called to free its
 * resources when it is far out of view.
 */
export function watch(
  element: Element,
  draw: () => void,
  free: () => void,
  urgency: Urgency = "next frame",
): LazyDrawing {
  const entry: Watched = {
    urgency,
    draw,
    free,
    visible: false,
    drawn: false,
    width: 0,
  };
  watched.set(element, entry);
  visibility.observe(element);
  sizes.observe(element);
  return {
    redraw() {
      if (entry.visible) drawSoon(element, entry);
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
  const entry = watched.get(element);
  if (entry === undefined) return;
  entry.free();
  entry.visible = false;
  watched.delete(element);
}

/** Stops watching what is in an element that is removed from the page. */
export function unwatchWithin(element: Element): void {
  for (const one of watched.keys()) if (element.contains(one)) unwatch(one);
}

/** Draws everything at once, in view or not, for printing. */
export function drawAll(): void {
  inNextFrame.clear();
  later.inWindow.clear();
  later.near.clear();
  for (const entry of watched.values()) {
    entry.drawn = true;
    entry.draw();
  }
}
