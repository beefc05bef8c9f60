import { defaultRuntime } from "../../../src/default_runtime.ts";
import { runShipping } from "../../../src/cli/commands/ship/run.ts";
import type { ExitCode } from "../../../src/cli/exit_codes.ts";
import type { Runtime } from "../../../src/runtime.ts";
import type { LaneStatus } from "../../../src/ship/shipping_status.ts";
import { SCHEMES, targetConnector } from "../../../src/ship/targets/connect_target.ts";
import { parseTarget } from "../../../src/ship/targets/target_address.ts";
import { fakeCliContext } from "../fake/cli_context.ts";

/** A shipper within the test, whose pauses are short. */
export interface ShippingHere {
  /** What it says of itself, of the first store; `undefined` before it has begun. */
  status(): LaneStatus | undefined;
  /** The same of all stores. */
  statuses(): readonly LaneStatus[];
  /** What it has told on standard error. */
  told(): string;
  /** As SIGTERM does. */
  stop(): void;
  readonly ended: Promise<ExitCode>;
}

/** How to ship. */
export interface ShippingHereOptions {
  readonly follow?: boolean;
  readonly keep?: number;
  readonly grace?: number;
  /** ms after which an answer that has not come never will. */
  readonly patience?: number;
  readonly password?: string;
  /** How much faster than time the clock goes by which it does things now and then. Default 1. */
  readonly clockRate?: number;
}

/** Pauses are so many times shorter than they should be. */
const HURRY = 100;

/** Starts what `kymo ship DIR --to STORE…` does. */
export async function shipHere(
  directory: string,
  stores: string | readonly string[],
  { follow = false, keep = Infinity, grace = 25_000, patience = 60_000, password, clockRate = 1 }: ShippingHereOptions =
    {},
): Promise<ShippingHere> {
  const real = defaultRuntime();
  const runtime: Runtime = Object.assign(Object.create(real), {
    clock: Object.assign(Object.create(real.clock), { now: () => real.clock.now() * clockRate }),
    timers: {
      ...real.timers,
      sleep: (delay: number) => real.timers.sleep(delay / HURRY),
      every: (interval: number, task: () => void) => real.timers.every(interval / HURRY, task),
    },
  });
  let stop = (): void => {};
  let lanes: readonly LaneStatus[] = [];
  const context = fakeCliContext({
    runtime,
    now: () => performance.now() * HURRY,
    onStop: (listener: () => void) => {
      stop = listener;
      return () => {};
    },
    writeFile: (_: string, text: string) => void ({ lanes } = JSON.parse(text)),
  });
  const targets = await Promise.all(
    [stores].flat().map(async (store) => {
      const address = await parseTarget(store, { schemes: SCHEMES, resolve: (path) => path });
      return { ...address, connect: await targetConnector(runtime, address, { password, patience }) };
    }),
  );
  const ended = runShipping({
    directories: [directory],
    targets,
    follow,
    keep,
    archive: undefined,
    grace,
    standby: false,
    statusFile: "status",
    metrics: undefined,
    json: true,
  }, context);
  return {
    status: () => lanes[0],
    statuses: () => lanes,
    told: () => context.stderr.text,
    stop: () => stop(),
    ended: ended.then((code) => {
      ({ lanes } = JSON.parse(context.stdout.text || '{"lanes":[]}'));
      return code;
    }),
  };
}
