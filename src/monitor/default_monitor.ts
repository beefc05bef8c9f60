import { detect } from "../../runtime_adapters/detect.ts";
import { Monitor } from "./monitor.ts";

/** The monitor of this isolate: here, and only here, the core meets an adapter. */
export const defaultMonitor: Monitor = new Monitor(() => detect(globalThis));
