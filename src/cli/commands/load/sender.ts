import { outcomeOf, type RequestOutcome } from "../../../http/request_labels.ts";
import type { Runtime } from "../../../runtime.ts";
import { NANOSECONDS_PER_MS } from "../../../series.ts";
import type { Network } from "../../context.ts";
import { HttpConnection } from "./http_connection.ts";
import type { Next, Plan } from "./plan.ts";
import type { Tally } from "./tally.ts";
import type { Target } from "./targets.ts";

/**
 * ms before an intended start from which on no timer is set: the event loop turns until then. Timers
 * fire up to 2 ms late on Deno and up to 1 ms early on Bun, turns take some µs.
 */
const TURNS = 2.5;

/** Longest sleep, ms: an interruption ends it. */
const LONGEST_SLEEP = 50;

/**
 * ms for which a connection rests without a rate after a request that nobody answered: a server that
 * refuses is not asked 50,000 times a second.
 */
const REST = 10;

/** ms between looks for requests that take too long. */
const SWEEP = 20;

/** ms that requests in flight get after an interruption. */
const LAST_WAIT = 1_000;

/** How a request failed that took too long. */
const TIMED_OUT = "timed out";

/** How a request failed that was given up when the load was interrupted. */
const INTERRUPTED = "interrupted";

/** What a {@linkcode Sender} needs. */
export interface SenderDeps {
  readonly runtime: Pick<Runtime, "clock" | "timers">;
  readonly network: Network;
  readonly plan: Plan;
  /** What is sent, one after the other. */
  readonly targets: readonly Target[];
  /** Most requests at a time. */
  readonly connections: number;
  /** ms from the sending of a request until it is given up. */
  readonly timeout: number;
  readonly tally: Tally;
  /** Records a request that took `latency` ns and ended at a time. */
  readonly record: (label: string, latency: number, now: number) => void;
  /** Ends the load early. */
  readonly signal: AbortSignal;
}

/** A place for one request at a time, with a connection to each server. */
interface Lane {
  readonly connections: Map<string, HttpConnection>;
  /** That of the request in flight. */
  current: HttpConnection | undefined;
  /** When it was sent, ns. */
  sent: number;
}

/** Sends requests as a plan says, and measures them. */
export class Sender {
  readonly #deps: SenderDeps;
  /** Lanes without a request, the one that has waited longest first. */
  readonly #idle: Lane[];
  #firstIdle = 0;
  #idleCount: number;
  /** When there was an idle lane again after all were busy, ns. */
  #freeSince = 0;
  readonly #lanes: readonly Lane[];
  #inFlight = 0;
  #isWaiting = false;
  /** When the last request was sent, or the load was ended; `undefined` before. */
  #stopped: number | undefined;
  #lastEnded = 0;
  #timeLimit: number;
  #warmUps = 0;
  readonly #done = Promise.withResolvers<void>();

  /** Sends nothing yet. */
  constructor(deps: SenderDeps) {
    this.#deps = deps;
    this.#lanes = Array.from({ length: deps.connections }, () => ({
      connections: new Map(),
      current: undefined,
      sent: 0,
    }));
    this.#idle = [...this.#lanes];
    this.#idleCount = this.#lanes.length;
    this.#timeLimit = deps.timeout * NANOSECONDS_PER_MS;
  }

  /** When the last request was sent, or the load was ended, ns. */
  get stopped(): number {
    return this.#stopped ?? this.#deps.runtime.clock.now();
  }

  /** When the last measured request had ended, ns. */
  get lastEnded(): number {
    return this.#lastEnded;
  }

  /** Requests of the warm-up. */
  get warmUps(): number {
    return this.#warmUps;
  }

  /** Sends until the plan or the signal ends, and all requests have ended. */
  async run(): Promise<void> {
    const { runtime: { timers }, signal } = this.#deps;
    const interrupt = (): void => this.#interrupt();
    signal.addEventListener("abort", interrupt, { once: true });
    const endSweeps = timers.every(SWEEP, () => this.#sweep());
    try {
      if (signal.aborted) this.#interrupt();
      this.#pump();
      await this.#done.promise;
    } finally {
      signal.removeEventListener("abort", interrupt);
      endSweeps();
      for (const { connections } of this.#lanes) for (const connection of connections.values()) connection.close();
    }
  }

  /** Sends what is due, as far as there are lanes. */
  #pump(): void {
    const { plan, runtime: { clock } } = this.#deps;
    while (this.#stopped === undefined) {
      const now = clock.now();
      const next = plan.next(now);
      if (next.kind === "over") {
        this.#stop(now);
      } else if (this.#idleCount === 0) {
        return; // an answer, or a sweep, comes back here
      } else if (next.kind === "later") {
        return this.#wait(next.at, now);
      } else {
        this.#send(next, now);
      }
    }
    if (this.#inFlight === 0) this.#done.resolve();
  }

  #stop(now: number): void {
    this.#stopped ??= Math.min(now, this.#deps.plan.end);
  }

  #send(next: Extract<Next, { kind: "due" }>, now: number): void {
    const { plan, targets, network, tally } = this.#deps;
    const target = targets[plan.take(next) % targets.length]!;
    const { intended, isMeasured } = next;
    const lane = this.#takeIdle();
    let connection = lane.connections.get(target.origin);
    if (connection === undefined) lane.connections.set(target.origin, connection = new HttpConnection(network));
    if (isMeasured) tally.sent(now - Math.max(intended, this.#freeSince));
    else this.#warmUps++;
    lane.current = connection;
    lane.sent = now;
    this.#inFlight++;
    connection.send(target, (status, failure) => this.#ended(lane, target, { intended, isMeasured }, status, failure));
  }

  #ended(
    lane: Lane,
    target: Target,
    { intended, isMeasured }: { readonly intended: number; readonly isMeasured: boolean },
    status: number,
    failure: string | undefined,
  ): void {
    const { runtime: { clock, timers }, tally, record } = this.#deps;
    const now = clock.now();
    if (isMeasured) {
      const outcome = failure === undefined ? outcomeOf(status) : outcomeOfFailure(failure);
      const label = target.labelOf(outcome);
      const latency = Math.max(0, now - intended);
      this.#lastEnded = now;
      tally.ended(label, outcome, failure, latency);
      record(label, latency, now);
    }
    lane.current = undefined;
    this.#inFlight--;
    const isFree = failure === undefined || this.#deps.plan.hasRate;
    if (isFree) this.#addIdle(lane, now);
    else {
      void timers.sleep(REST).then(() => {
        this.#addIdle(lane, clock.now());
        this.#pump();
      });
    }
    this.#pump();
  }

  /** Pumps again when the next request is due. */
  #wait(at: number, now: number): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    const again = (): void => {
      this.#isWaiting = false;
      this.#pump();
    };
    const left = (at - now) / NANOSECONDS_PER_MS;
    if (left < TURNS + 1) this.#deps.network.nextTurn(again);
    else void this.#deps.runtime.timers.sleep(Math.min(left - TURNS, LONGEST_SLEEP)).then(again);
  }

  /** Gives up what takes too long, and notices the end of the plan while all lanes wait. */
  #sweep(): void {
    const now = this.#deps.runtime.clock.now();
    for (const lane of this.#lanes) {
      if (lane.current === undefined || now - lane.sent < this.#timeLimit) continue;
      lane.current.giveUp(this.#deps.signal.aborted ? INTERRUPTED : TIMED_OUT);
    }
    this.#pump();
  }

  #interrupt(): void {
    const { runtime: { clock, timers } } = this.#deps;
    this.#stop(clock.now());
    timers.after(LAST_WAIT, () => {
      this.#timeLimit = 0;
      this.#sweep();
    });
    this.#pump();
  }

  #takeIdle(): Lane {
    const lane = this.#idle[this.#firstIdle]!;
    this.#firstIdle = (this.#firstIdle + 1) % this.#idle.length;
    this.#idleCount--;
    return lane;
  }

  #addIdle(lane: Lane, now: number): void {
    if (this.#idleCount === 0) this.#freeSince = now;
    this.#idle[(this.#firstIdle + this.#idleCount) % this.#idle.length] = lane;
    this.#idleCount++;
  }
}

/** A request that was given up here is aborted, one that the other side failed threw. */
function outcomeOfFailure(failure: string): RequestOutcome {
  return failure === TIMED_OUT || failure === INTERRUPTED ? "aborted" : "threw";
}
