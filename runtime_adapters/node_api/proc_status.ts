import { builtin, nodeProcess } from "./builtins.ts";

/** The text of `/proc/self/status`, or the reason why it cannot be read. */
export function readProcStatus(): { readonly text: string } | string {
  const { platform } = nodeProcess();
  if (platform !== "linux") return `${platform} has no /proc/self/status`;
  try {
    const { readFileSync } = builtin<{ readFileSync(path: string, encoding: "latin1"): string }>("node:fs");
    return { text: readFileSync("/proc/self/status", "latin1") };
  } catch (error) {
    return `cannot read /proc/self/status: ${error instanceof Error ? error.message : String(error)}`;
  }
}
