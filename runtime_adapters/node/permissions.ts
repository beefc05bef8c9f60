import { nodeProcess } from "../node_api/builtins.ts";

/** `process.permission`, which exists in programs that were started with `--permission`. */
interface Permission {
  has(scope: string, path?: string): boolean;
}

/** What may be denied, with the flag that grants it. */
const FLAGS = {
  "fs.read": "--allow-fs-read",
  "fs.write": "--allow-fs-write",
  worker: "--allow-worker",
  inspector: "--allow-inspector",
  ffi: "--allow-ffi",
} as const;

/** The flag that the program needs to do something, as a clause; `undefined` if it may. */
export function denied(scope: "worker" | "inspector" | "ffi"): string | undefined {
  if (isGranted(scope)) return undefined;
  // The flag came with Node 24.
  const isNever = scope === "inspector" && parseInt(nodeProcess().versions.node) < 24;
  return isNever ? "Node before 24 has no inspector with --permission" : `needs ${FLAGS[scope]}`;
}

/** The flags that the program needs to read and write at `path`, or only to read; `undefined` if it may. */
export function deniedAt(path: string, use?: "read"): string | undefined {
  const missing = (["fs.read", "fs.write"] as const).filter((scope) =>
    (use === undefined || scope === `fs.${use}`) && !isGranted(scope, path)
  );
  return missing.length === 0 ? undefined : `needs ${missing.map((scope) => `${FLAGS[scope]}=${path}`).join(" and ")}`;
}

function isGranted(scope: keyof typeof FLAGS, path?: string): boolean {
  const { permission } = nodeProcess() as { permission?: Permission };
  if (permission === undefined) return true;
  return path === undefined ? permission.has(scope) : permission.has(scope, path);
}
