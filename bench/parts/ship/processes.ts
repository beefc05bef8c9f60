import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { type ChildOptions, commandOf } from "../../harness/child.ts";

/** A program of the bench in the background. Disposing kills it. */
export class Background implements AsyncDisposable {
  readonly #child: ChildProcess;

  constructor(program: URL, args: readonly string[], options: Omit<ChildOptions, "args" | "cwd"> = {}) {
    const [executable, all] = commandOf(program, { ...options, args });
    const child = this.#child = spawn(executable, all, { stdio: "ignore" });
    const kill = (): void => void child.kill("SIGKILL");
    process.on("exit", kill); // it must not outlive a bench that is ended
    child.once("exit", () => process.off("exit", kill));
  }

  get pid(): number {
    const { pid, exitCode } = this.#child;
    if (pid === undefined || exitCode !== null) throw new Error("Cannot measure: a program of the bench has ended");
    return pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }
}

const entry = new URL("../../../src/cli/main.ts", import.meta.url);

/** A `kymo ship` that follows a directory. */
export function follower(directory: string, to: string): Background {
  const args = ["ship", directory, "--to", to, "--follow", "--keep", "forever"];
  return new Background(entry, args, { areInstalled: true });
}
