import type { CliContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit_codes.ts";
import { LOOPBACK, type PageServer } from "./page_server.ts";

/**
 * Serves pages at a port of this machine until the user stops it, and returns the exit code.
 *
 * @param begin Starts what goes on while pages are served, is given what ends that with an error, and
 * returns what stops it.
 */
export async function serveUntilStopped(
  pages: PageServer,
  port: number,
  { stdout, servePages, onStop }: CliContext,
  begin: (fail: (error: unknown) => void) => () => void = () => () => {},
): Promise<ExitCode> {
  const stopped = Promise.withResolvers<void>();
  const forget = onStop(() => stopped.resolve());
  let end = (): void => {};
  const { origin, close } = await servePages({ host: LOOPBACK, port }, (request) => pages.answer(request));
  try {
    pages.origin = origin;
    stdout.write(`Open ${pages.url}\nCtrl-C ends it.\n`);
    end = begin((error) => stopped.reject(error));
    await stopped.promise;
    return exitCode.ok;
  } finally {
    end();
    forget();
    await close();
  }
}
