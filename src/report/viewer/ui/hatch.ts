/** A rectangle on a canvas, in its pixels. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** How areas are hatched. */
export interface HatchLook {
  readonly colour: string;
  /** Pixels from one line to the next. */
  readonly step: number;
}

/**
 * Hatches areas, which stand for times in which nobody knows what happened. The lines go on from
 * area to area, so that a part of one looks like all of it.
 */
export function hatch(context: CanvasRenderingContext2D, areas: readonly Area[], { colour, step }: HatchLook): void {
  for (const { left, top, width, height } of areas) {
    if (width <= 0) continue;
    const [begin, end] = [Math.max(0, left), Math.min(context.canvas.width, left + Math.max(width, 1))];
    if (end <= begin) continue;
    context.save();
    context.beginPath();
    context.rect(begin, top, end - begin, height);
    context.clip();
    context.beginPath();
    for (let x = Math.floor((begin - height) / step) * step; x < end; x += step) {
      context.moveTo(x, top + height);
      context.lineTo(x + height, top);
    }
    context.strokeStyle = colour;
    context.lineWidth = Math.max(1, step / 6);
    context.stroke();
    context.restore();
  }
}
