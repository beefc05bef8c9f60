/**
 * Runs programs and keeps what they say.
 *
 * @module
 */

/** How a check went. */
export interface Outcome {
  /** Whether it holds. */
  readonly ok: boolean;
  /** What there is to say about it. */
  readonly output: string;
}

/** Where and how a program runs. */
export interface CommandOptions {
  /** Working directory. */
  readonly cwd: string;
  /** Variables added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which it is killed, and has failed; half an hour by default. */
  readonly timeout?: number;
}

/** Runs a program to its end; it holds if the exit status is 0. The output is both streams, in the order of arrival. */
export async function run(
  [program, ...args]: readonly [string, ...string[]],
  { cwd, env = {}, timeout = 1_800_000 }: CommandOptions,
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
    expiry.abort(new Error(`ended after ${timeout / 1000} s`));
    child.kill("SIGKILL");
  }, timeout);
  let output = "";
  const collect = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder();
    // A grandchild that survives keeps the pipe open: the time limit ends the reading too.
    await stream.pipeTo(
      new WritableStream({ write: (chunk) => void (output += decoder.decode(chunk, { stream: true })) }),
      { signal: expiry.signal },
    ).catch((error) => void (output += `\n${error.message}\n`));
  };
  const [status] = await Promise.all([child.status, collect(child.stdout), collect(child.stderr)]);
  clearTimeout(timer);
  return { ok: status.success, output };
}
