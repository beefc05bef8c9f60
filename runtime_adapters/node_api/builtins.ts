/** The part of the global `process` that the adapters use. None of it needs a permission. */
export interface NodeProcess {
  readonly pid: number;
  readonly platform: string;
  /** Versions of the runtime and its parts, by name. */
  readonly versions: Readonly<Record<string, string>> & { readonly node: string };
  /** The architectures that both runtimes support. */
  readonly arch: "x64" | "arm64";
  getBuiltinModule(name: string): unknown;
  memoryUsage: {
    (): { readonly heapUsed: number; readonly heapTotal: number; readonly external: number };
    rss(): number;
  };
  /** CPU time of this thread, µs. Missing in old versions. */
  threadCpuUsage?(): { readonly user: number; readonly system: number };
  /** CPU time of the process, µs. */
  cpuUsage(): { readonly user: number; readonly system: number };
}

/** The global `process`. */
export function nodeProcess(): NodeProcess {
  return (globalThis as unknown as { process: NodeProcess }).process;
}

/** A built-in module, loaded by the first call, so that importing an adapter loads nothing. */
export function builtin<T>(name: string): T {
  return nodeProcess().getBuiltinModule(name) as T;
}

/** The part of `node:crypto` that is used. */
interface NodeCrypto {
  createHash(algorithm: "sha256"): { update(bytes: Uint8Array): { digest(encoding: "hex"): string } };
  /** Missing in old versions. */
  hash?(algorithm: "sha256", bytes: Uint8Array, encoding: "hex"): string;
}

/** SHA-256 of bytes, 64 hexadecimal digits. */
export function sha256(bytes: Uint8Array): string {
  const crypto = builtin<NodeCrypto>("node:crypto");
  return crypto.hash?.("sha256", bytes, "hex") ?? crypto.createHash("sha256").update(bytes).digest("hex");
}
