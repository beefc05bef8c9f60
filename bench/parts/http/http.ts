/** Requests per second of a server with a trivial handler, with and without recording. */

import * as monitor from "@kymo/kymo";
import { timeHandler } from "@kymo/kymo/http";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runCommand } from "../../harness/child.ts";
import { reportFindings, spread } from "../../results/figure.ts";
import { checkOutcome, takeRows, temporaryDirectory } from "../../harness/published_files.ts";
import { ratio } from "../../harness/rounds.ts";
import { type Handler, serve } from "./serve.ts";

const ROUNDS = 8;

/** Duration of a round, s, and number of clients. */
const DURATION = 3;
const CLIENTS = 32;

/** Goal for the ratio of the rates. */
const LEAST = "Deno" in globalThis ? 0.97 : 0.95;

const autocannon = fileURLToPath(new URL("../../../node_modules/autocannon/autocannon.js", import.meta.url));

/** The runtime of the load: Node.js, on which autocannon is fastest, or else this one. */
const loader = spawnSync("node", ["--version"]).status === 0
  ? ["node"]
  : [process.execPath, ..."Deno" in globalThis ? ["run", "--quiet", "-A"] : []];

/** One of the two servers. */
interface Contender {
  readonly url: string;
  /** Calls of its handler. */
  readonly calls: () => number;
  readonly close: () => Promise<void>;
  /** By round: answers per second, CPU time per request (µs), and the used part of a core. */
  readonly rates: number[];
  readonly costs: number[];
  readonly busy: number[];
}

/** The handler of both servers, which counts its calls. */
function contender(timed: (handler: Handler) => Handler): Contender {
  let calls = 0;
  const server = serve(timed((_request, _server) => {
    calls++;
    return new Response("Hello");
  }));
  return { ...server, calls: () => calls, rates: [], costs: [], busy: [] };
}

/** The used part of autocannon's result; `duration` is in s. */
interface Load {
  readonly "2xx": number;
  readonly non2xx: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly duration: number;
}

/** CPU time of this process, µs. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function load({ url, calls, rates, costs, busy }: Contender): Promise<void> {
  const callsBefore = calls();
  const cpuBefore = cpuTime();
  const [executable = "", ...flags] = loader;
  const output = await runCommand(executable, [
    ...flags,
    autocannon,
    "--json",
    ...["--connections", `${CLIENTS}`],
    ...["--duration", `${DURATION}`],
    url,
  ]);
  const cpu = cpuTime() - cpuBefore;
  const handled = calls() - callsBefore;
  const { "2xx": answered, non2xx, errors, timeouts, duration } = JSON.parse(output) as Load;
  // The last answers arrive after the count.
  if (non2xx + errors + timeouts > 0 || answered === 0 || handled < answered || handled > answered + CLIENTS) {
    throw new Error(`Cannot measure: ${handled} requests came, not as many as were answered: ${output}`);
  }
  rates.push(answered / duration);
  costs.push(cpu / handled);
  busy.push(cpu / (duration * 1e6));
}

using directory = temporaryDirectory();
monitor.start({ monitoringDir: directory.path });
const recorded = contender(timeHandler);
const bare = contender((handler) => handler);
for (let round = 0; round <= ROUNDS; round++) {
  for (const one of round % 2 === 0 ? [recorded, bare] : [bare, recorded]) await load(one);
  if (round > 0) continue;
  for (const { rates, costs, busy } of [recorded, bare]) rates.length = costs.length = busy.length = 0; // the round that warms up
}
await Promise.all([recorded.close(), bare.close()]);
await monitor.stop();
checkOutcome(monitor.status(), recorded.calls());
if (takeRows(directory.path) !== recorded.calls()) throw new Error(`Cannot measure: rows are missing`);

const BARE = "the same server, bare";

reportFindings({
  figures: [
    {
      what: "HTTP requests per second",
      against: BARE,
      unit: "x",
      value: ratio(recorded.rates, bare.rates),
      goal: { atLeast: LEAST },
    },
    {
      what: "CPU time of the server per HTTP request",
      against: BARE,
      unit: "x",
      value: ratio(recorded.costs, bare.costs),
    },
    {
      what: "CPU time of the server per HTTP request: more than",
      against: BARE,
      unit: "µs",
      value: spread(recorded.costs.map((cost, round) => cost - bare.costs[round]!)),
    },
    { what: "HTTP requests per second, recorded", unit: "/s", value: spread(recorded.rates) },
    { what: "HTTP requests per second, bare", unit: "/s", value: spread(bare.rates) },
    { what: "part of a core that the bare HTTP server used", unit: "", value: spread(bare.busy) },
  ],
});
