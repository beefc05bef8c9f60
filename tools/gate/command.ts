/**
 * Runs programs and captures their output.
 *
 * @module
 */

/** The outcome of a check. */
export interface Outcome {
  /** Whether the check passed. */
  readonly ok: boolean;
  /** Output for people, shown if the check failed. */
  readonly output: string;
}

/** Options of {@linkcode run}. */
export interface CommandOptions {
  /** Working directory. */
  readonly cwd: string;
  /** Variables added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which the program is killed and has failed. Default half an hour. */
  readonly timeout?: number;
  /** The exit status that passes. Default 0; that of a program that a signal killed is 128 + n. */
  readonly status?: number;
}

/**
 * Runs a program to its end. Passes if the exit status is the expected one. The output has both
 * streams, in the order of arrival.
 */
export async function run(
  [program, ...args]: readonly [string, ...string[]],
  { cwd, env = {}, timeout = 1_800_000, status: expected = 0 }: CommandOptions,
): Promise<Outcome> {
  const child = new Deno.Command(program, {
    args,
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const expiry = new AbortController();
  const timer = setTimeout(() => {
    expiry.abort(new Error(`killed after ${timeout / 1000} s`));
    child.kill("SIGKILL");
  }, timeout);
  let output = "";
  const collect = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder();
    // A surviving grandchild keeps the pipe open, so the time limit ends reading too.
    await stream.pipeTo(
      new WritableStream({ write: (chunk) => void (output += decoder.decode(chunk, { stream: true })) }),
      { signal: expiry.signal },
    ).catch((error) => void (output += `\n${error.message}\n`));
  };
  const [status] = await Promise.all([child.status, collect(child.stdout), collect(child.stderr)]);
  clearTimeout(timer);
  return { ok: status.code === expected, output };
}
