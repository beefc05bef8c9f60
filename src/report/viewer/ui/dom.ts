/**
 * Elements of the page, created without HTML text, so that no data can become markup.
 *
 * @module
 */

/** What an element can contain. */
export type Child = Node | string | false | undefined;

/**
 * Attributes. Those that begin with `on` are listeners, `style` is an object of properties; `false`
 * and `undefined` are left out.
 */
export interface Attributes {
  readonly [name: string]:
    | string
    | number
    | boolean
    | undefined
    | Readonly<Record<string, string>>
    | ((event: never) => void);
}

/** Creates an HTML element. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

/** Creates an SVG element. */
export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Tag] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  fill(element, attributes, children);
  return element;
}

function fill(element: HTMLElement | SVGElement, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") {
      element.addEventListener(name.slice(2), value as EventListener);
    } else if (typeof value === "object") setStyle(element, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
}

function setStyle(element: HTMLElement | SVGElement, style: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(style)) {
    element.style.setProperty(name, value);
  }
}

/** Appends children to an element. */
export function append(element: Element, children: readonly Child[]): void {
  element.append(
    ...children.filter((child) => child !== false && child !== undefined),
  );
}

/** Replaces the children of an element. */
export function replace(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren();
  append(element, children);
}
