import { pathToFileURL } from "node:url";
import type { Server } from "./servers.ts";
import { bold, dim } from "./style.ts";

/** Lists the processes, and why one has no CPU profile. */
export function processLines(servers: readonly Server[]): string {
  return indent(servers.flatMap(({ process, stopped }) => {
    if (process === undefined) return [];
    const profiler = stopped?.profiler ?? { available: false, reason: "the server did not stop properly" };
    return [
      `PID ${process.pid} is ${process.runtime}`,
      ...profiler.available ? [] : [`  it has no CPU profile: ${profiler.reason}`],
    ];
  }));
}

/** Prints the path of the report, and commands to try on the files. */
export function nextSteps(directory: string, report: string): string {
  return indent([
    `Open the report in a browser:  ${bold(pathToFileURL(report).href)}`,
    "",
    `${dim("# kymo is")} deno run -A src/cli/main.ts`,
    `kymo profile ${directory}   ${dim("# which functions took the CPU time")}`,
    `kymo export ${directory} -o demo.parquet`,
    `duckdb -c "FROM '${directory}/duration.*.csv' SELECT Label, PID, count(*), max(Measurement) GROUP BY ALL"`,
    "",
    `deno task demo --rate 0   ${dim("# as many requests as possible")}`,
    `deno task demo --duration 60 --dir _monitoring/live   ${
      dim("# and in another terminal: kymo top _monitoring/live")
    }`,
    "",
    "How the service is recorded:  examples/demo/service.ts",
    "How to record your own:       README.md",
  ]);
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`.trimEnd()).join("\n");
}
