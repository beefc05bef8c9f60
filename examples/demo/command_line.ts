import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bold, dim } from "./style.ts";

const entry = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/**
 * Runs a command of `kymo` as its user would. Its output goes to the output of the demo.
 *
 * @throws {Error} if it fails.
 */
export async function kymo(command: string, ...args: readonly string[]): Promise<void> {
  console.log(`\n${dim("$")} ${bold(["kymo", command, ...args].join(" "))}\n`);
  const child = spawn(process.execPath, ["run", "-A", entry, command, ...args], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code !== 0) throw new Error(`kymo ${command} ended with exit code ${code}`);
}
