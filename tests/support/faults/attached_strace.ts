import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { spawnCommand, type Spawned } from "../process/run.ts";

/** Time limit for strace to attach, ms. */
const PATIENCE = 30_000;

/** Faults to inject into a running program. */
export interface Attachment {
  /** Its process. */
  readonly pid: number;
  /** Faults for its system calls, in the syntax of `strace -e inject=`. */
  readonly inject: string;
  /** The traced system calls. */
  readonly calls: string;
  /** Only calls on these files are watched. */
  readonly paths?: readonly string[];
  /** Where the trace is written. */
  readonly log: string;
}

/** strace on a running program, so that faults start and end during its run. Disposing detaches. */
export class AttachedStrace implements AsyncDisposable {
  readonly #process: Spawned;

  private constructor(process: Spawned) {
    this.#process = process;
  }

  /** Attaches to all threads of a program. */
  static async to({ pid, inject, calls, paths = [], log }: Attachment): Promise<AttachedStrace> {
    const only = paths.flatMap((path) => ["-P", path]);
    const options = ["-f", "-qq", "-s", "0", "-e", `trace=${calls}`, "-e", `inject=${inject}`, ...only, "-o", log];
    const strace = spawnCommand(["strace", ...options, "-p", String(pid)]);
    let failed = false;
    void strace.ended.then(() => failed = true);
    for (const end = Date.now() + PATIENCE; !isTraced(pid); await sleep(5)) {
      if (failed) throw new Error(`strace did not attach: ${(await strace.ended).stderr}`);
      if (Date.now() > end) throw new Error("strace did not attach");
    }
    return new AttachedStrace(strace);
  }

  /** Detaches, so that the program runs on without faults. */
  async detach(): Promise<void> {
    this.#process.kill("SIGINT");
    await this.#process.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.detach();
  }
}

/** Whether every thread of a process is traced; `false` if one comes or goes meanwhile. */
function isTraced(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) =>
      /^TracerPid:\s+[1-9]/m.test(readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8"))
    );
  } catch {
    return false;
  }
}
