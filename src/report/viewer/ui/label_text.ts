/**
 * Labels as the text of headings.
 *
 * @module
 */

import { labelText } from "../model/label_text.ts";
import { type Child, h, replace } from "./dom.ts";

export { labelText };

/** The label as the text of a heading, with a button that shows all of it if it is shortened. */
export function wholeLabel(label: string): Child[] {
  const short = labelText(label);
  if (short === label || label.trim() === "") return [short];
  const text = h("span", {}, short);
  const button = h("button", { type: "button", class: "quiet", "aria-expanded": "false" }, "Show all of it");
  button.addEventListener("click", () => {
    const isShort = button.getAttribute("aria-expanded") === "false";
    button.setAttribute("aria-expanded", `${isShort}`);
    replace(button, isShort ? "Shorten it" : "Show all of it");
    replace(text, isShort ? label : short);
  });
  return [text, " ", button];
}
