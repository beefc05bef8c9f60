import type { Recording } from "./recording.ts";
import type { Server } from "./servers.ts";

/** Where the CPU profiles are, or why there is none, and what opens them. */
export function profileHints({ files }: Recording, servers: readonly Server[]): string {
  const lines = servers.flatMap(({ process, stopped }) => {
    if (process === undefined) return [];
    const names = files.flatMap(({ name, pid }) => pid === process.pid && name.endsWith(".cpuprofile") ? [name] : []);
    const reason = typeof stopped?.profiler === "string" ? stopped.profiler : "the server did not end in good order";
    return (names.length > 0 ? names : [`none: ${reason}`]).map((text) => `${process.runtime.padEnd(11)}  ${text}`);
  });
  return indent([
    ...lines,
    "",
    "Chrome       DevTools (F12), Performance, Load profile…",
    "speedscope   https://www.speedscope.app, or: npx -y speedscope <file>",
  ]);
}

/** What to try now that there are files. */
export function nextSteps(directory: string): string {
  return indent([
    `cd ${directory}`,
    "sort -t, -k2,2gr duration.*.csv | head     # the ten slowest samples",
    `duckdb -c "FROM 'duration.*.csv' SELECT Label, PID, count(*), max(Measurement) GROUP BY ALL"`,
    "",
    "deno task demo --rate 0                    # as many requests as possible",
    "deno task demo --runtime bun --duration 60",
    "",
    "How the service is recorded:  examples/demo/service.ts",
    "How to record your own:       README.md",
  ]);
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`.trimEnd()).join("\n");
}
