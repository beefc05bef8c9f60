import { type Command, InvalidArgumentError } from "commander";
import { KymoError, reason } from "../../../errors.ts";
import { parseMilliseconds, TIME_UNITS } from "../../../quantities.ts";
import { readEnvironment, throwErrors } from "../../../recording/environment.ts";
import type { PlainOption, WriteOptions } from "../../../recording/options.ts";
import type { CliContext } from "../../context.ts";
import type { ExitCode } from "../../exit_codes.ts";
import { repeated, timeLength, wholeNumber } from "../../input/options.ts";
import { checkMethod, parseHeader, parseTargets, Targets } from "./targets.ts";

const description = "Send HTTP requests, and record how long they take";

const details = `
Sends requests to the URLs in turn, and records each as a row of the channel
client beside what the servers record: host/path [VERB] and the outcome, such as
localhost:3000/orders/:id [GET] 5xx. summary, top and report show both.

With --rate each request has an intended start, and its latency counts from
there, whenever it could be sent: a server that stalls delays no question, and
the wait for a free connection is part of the latency. Without --rate each
connection sends its next request when it has its answer; what a stalled server
was not asked meanwhile is then not seen.

A request is sent once: redirects are not followed, and nothing is sent again.
Outcomes: 4xx and 5xx; aborted, given up after --timeout; threw, nobody
answered. SIGINT and SIGTERM end the load with what it has; requests in flight
get another second.

At a rate kymo keeps one core busy, so that it sends in time. "Sent late by" is
its own error: from when a request was due and a connection was free. If that is
not far below the latencies, the machine has too little to spare.

A file of --targets has a line for each request: a URL, or a method and a URL.
With more requests of one kind among its lines, that kind is sent more often.

--json prints one object. Times are in seconds.
  rate                   {asked, reached}, per second; asked null without --rate
  seconds, requests      what was measured; warmUp: requests before
  missed                 due and never sent: all connections waited for answers
  answered, outcomes     {ok, 4xx, 5xx, aborted, threw}
  failures               {refused, reset, timed out, ...}: those of aborted and
                         threw by reason
  latency, late          {count, mean, max, quantiles: {p50, ...}, sampled} or
                         null; late as above, null without --rate
  series                 the same by label
  directory, pid, recorded, dropped

Exit codes: 1 if nobody answered at all, or rows could not be written.

Examples:
  kymo load http://localhost:3000/ --rate 500 --duration 30s
  kymo load localhost:3000/orders/17 localhost:3000/time -c 50
  kymo load localhost:3000/orders -X POST -d @order.json \\
    -H 'content-type: application/json' -n 1000
  kymo load --targets urls.txt --rate 200 --warm-up 5s --dir _monitoring`;

/** Longest duration, ms. */
const DAY = 86_400_000;

/** What the environment says of how to write. Who records is the load, and not a service. */
const WRITING: readonly PlainOption[] = [
  "monitoringDir",
  "memoryThreshold",
  "flushInterval",
  "layout",
  "durability",
  "fileMode",
  "retention.maxAge",
  "retention.maxBytes",
  "retention.minFree",
  "retention.dropUnshipped",
];

interface LoadCommandOptions {
  readonly rate?: number;
  readonly duration?: number;
  readonly requests?: number;
  readonly connections: number;
  readonly warmUp: number;
  readonly timeout: number;
  readonly request?: string;
  readonly header?: readonly (readonly [string, string])[];
  readonly data?: string;
  readonly targets?: string;
  readonly insecure?: boolean;
  readonly dir?: string;
  readonly name: string;
  readonly json?: boolean;
}

/** Adds `kymo load URL…` to the command line; it passes its exit code to `end`. */
export function addLoadCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const length = timeLength(DAY);
  program.command("load")
    .description(description)
    .argument("[URL...]", "what is asked for; without a scheme, http://")
    .option("-r, --rate <N>", "requests per second, all connections together", parseRate)
    .option("-t, --duration <TIME>", `how long it is measured (${TIME_UNITS}); default 10s, without -n`, length)
    .option("-n, --requests <N>", "how many requests are measured, at most", wholeNumber(1))
    .option("-c, --connections <N>", "requests at a time, each on a connection", wholeNumber(1, 10_000), 10)
    .option("--warm-up <TIME>", "the same load before, which is not measured", parseWarmUp, 0)
    .option("--timeout <TIME>", "when a request is given up; default 10s", length, 10_000)
    .option("-X, --request <METHOD>", "default GET, with -d POST", parsed(checkMethod))
    .option("-H, --header <HEADER>", "Name: value; may be repeated", repeated(parsed(parseHeader)))
    .option("-d, --data <TEXT>", "body of the requests; @FILE for the bytes of a file")
    .option("--targets <FILE>", "more URLs, one a line, each after its method if that is another")
    .option("-k, --insecure", "take any certificate")
    .option("--dir <DIR>", "monitoring directory; default: KYMO_DIR, or _monitoring")
    .option("--name <NAME>", "of this program, in the directory", "load")
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(async (urls: readonly string[], options: LoadCommandOptions) => end(await load(urls, options, context)));
}

async function load(urls: readonly string[], given: LoadCommandOptions, context: CliContext): Promise<ExitCode> {
  const { targets: file, data, request: method, header: headers = [], insecure = false, json = false } = given;
  const written = [
    ...urls.map((url) => ({ url })),
    ...file === undefined ? [] : parseTargets(file, context.readFile(file)),
  ];
  if (written.length === 0) throw new KymoError("invalid-argument", "Cannot load: no URL is given");
  const body = data === undefined
    ? undefined
    : data.startsWith("@")
    ? context.readFile(data.slice(1))
    : new TextEncoder().encode(data);
  const targets = new Targets({ method, headers, body, verify: !insecure, agent: `kymo/${context.version}` });
  const { rate, requests, duration = requests === undefined ? 10_000 : undefined } = given;
  const { connections, warmUp, timeout } = given;
  const options = {
    targets: written.map((target) => targets.add(target)),
    load: { rate, requests, duration, warmUp },
    connections,
    timeout,
    writing: writingOptions(given, context),
    json,
  };
  return (await import("./run.ts")).runLoad(options, context);
}

/** How and where to write: as other programs do that have this environment. */
function writingOptions({ dir, name }: LoadCommandOptions, { runtime }: CliContext): WriteOptions {
  const own = { name, ...dir === undefined ? {} : { monitoringDir: dir } };
  const read = readEnvironment(runtime.environment, "Cannot load", { only: WRITING, given: own });
  throwErrors(read);
  return { ...read.options, ...own };
}

/** A parser of an option, whose errors are told as those of all options. */
function parsed<Value>(parse: (text: string) => Value): (text: string) => Value {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(`${reason(error).replace(/^.*": /, "").replace(/^./, (c) => c.toUpperCase())}.`);
    }
  };
}

function parseRate(text: string): number {
  const rate = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (rate >= 0.001 && rate <= 1_000_000) return rate;
  throw new InvalidArgumentError("It must be a number from 0.001 to 1000000, requests per second.");
}

function parseWarmUp(text: string): number {
  const length = parseMilliseconds(text);
  if (length !== undefined && length <= DAY) return length;
  throw new InvalidArgumentError(`It must be a length of time of at most a day, such as 5s.`);
}
