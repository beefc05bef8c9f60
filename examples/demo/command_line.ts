import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bold, dim } from "./style.ts";

const entry = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/**
 * Runs a command of `kymo` as its user would. Its output goes to the output of the demo. With a
 * `signal` it is interrupted by that alone, and not by Ctrl-C in the terminal.
 *
 * @throws {Error} if it fails.
 */
export async function kymo(command: string, args: readonly string[], signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  console.log(`\n${dim("$")} ${bold(["kymo", command, ...args].join(" "))}\n`);
  // Without this flag Deno makes the links in `node_modules` anew at each start.
  const child = spawn(process.execPath, ["run", "-A", "--node-modules-dir=manual", entry, command, ...args], {
    stdio: ["ignore", "inherit", "inherit"],
    detached: signal !== undefined,
  });
  const interrupt = () => child.kill("SIGINT");
  signal?.addEventListener("abort", interrupt, { once: true });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  signal?.removeEventListener("abort", interrupt);
  // Interrupted before it listened to signals, it ended by the signal.
  if (code !== 0 && !signal?.aborted) throw new Error(`kymo ${command} ended with exit code ${code}`);
}
