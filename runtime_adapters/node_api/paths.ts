import { FileError } from "../../src/runtime.ts";
import { builtin } from "./builtins.ts";

/** The path of a `file:` URL; any other text is a path. */
export function pathOf(text: string): string {
  if (!text.startsWith("file:")) return text;
  try {
    return builtin<{ fileURLToPath(url: string): string }>("node:url").fileURLToPath(text);
  } catch (error) {
    throw new FileError("EINVAL", error instanceof Error ? error.message : String(error));
  }
}
