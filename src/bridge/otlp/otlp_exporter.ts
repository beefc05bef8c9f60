import { reason } from "../../errors.ts";
import { untimed } from "../../http/client/outgoing_requests.ts";
import { type Runtime, sleepUnless } from "../../runtime.ts";
import { NANOSECONDS_PER_MS } from "../../series.ts";
import type { PushCounts } from "../bridge.ts";
import type { Metric } from "../metric.ts";
import { encodeMetricsRequest, readMetricsResponse } from "./metrics_request.ts";
import type { OtlpOptions } from "./otlp_options.ts";

/** Statuses after which the protocol lets a push be repeated. */
const REPEATABLE: readonly number[] = [429, 502, 503, 504];

/** ms: the first pause between attempts, and the longest, unless the collector asks for more. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;

/** Bytes of an answer that are read. */
const MAX_ANSWER = 64 * 1024;

/** What is pushed. */
export interface Pushed {
  readonly metrics: readonly Metric[];
  /** When counting began, ns since 1970. */
  readonly began: bigint;
}

/** What an exporter depends on. */
export interface OtlpExporterDeps {
  readonly runtime: Pick<Runtime, "clock" | "timers">;
  readonly options: OtlpOptions;
  readonly version: string;
  readonly source: () => Pushed;
  readonly signal: AbortSignal;
  /** Called when a push fails, with why, and with `undefined` when one has succeeded after that. */
  readonly onFailure?: (message: string | undefined) => void;
  /** Called with what was pushed and how that went, after each push. */
  readonly onCounts?: (counts: PushCounts) => void;
}

/** How an attempt ended. */
type Attempt =
  | { readonly kind: "ok" }
  | { readonly kind: "partial"; readonly rejected: number; readonly message: string }
  | { readonly kind: "refused"; readonly message: string }
  /** `after` is what the collector asks to wait, ms. */
  | { readonly kind: "again"; readonly message: string; readonly after: number };

/**
 * Pushes metrics over OTLP/HTTP, once in each interval. A push that fails in passing is repeated until the
 * next one is due, which says all that it said and more.
 */
export class OtlpExporter {
  readonly #deps: OtlpExporterDeps;
  #counts = { ok: 0, partial: 0, failed: 0, rejectedPoints: 0 };
  #hasFailed = false;

  constructor(deps: OtlpExporterDeps) {
    this.#deps = deps;
  }

  /** Pushes until the signal. */
  async run(): Promise<void> {
    const { signal, options: { interval }, runtime: { clock, timers } } = this.#deps;
    while (!signal.aborted) {
      const next = clock.now() + interval * NANOSECONDS_PER_MS;
      await this.push(next);
      await sleepUnless(timers, (next - clock.now()) / NANOSECONDS_PER_MS, signal);
    }
  }

  /** Pushes what there is now; repeats it until `deadline`, in ns of the clock, if that may help. */
  async push(deadline = 0): Promise<void> {
    const { runtime: { clock, timers }, signal, onFailure, onCounts } = this.#deps;
    let pause = FIRST_PAUSE;
    for (;;) {
      const attempt = await this.#attempt();
      if (attempt.kind === "again") {
        const wait = Math.max(attempt.after, pause * (0.5 + Math.random() / 2));
        pause = Math.min(2 * pause, LONGEST_PAUSE);
        if (!signal.aborted && clock.now() + wait * NANOSECONDS_PER_MS < deadline) {
          this.#tell(attempt.message);
          await sleepUnless(timers, wait, signal);
          if (!signal.aborted) continue;
        }
      }
      if (attempt.kind === "ok" || attempt.kind === "partial") {
        this.#counts[attempt.kind]++;
        if (attempt.kind === "partial") this.#counts.rejectedPoints += attempt.rejected;
        if (attempt.kind === "partial") this.#tell(`the collector took a part only: ${attempt.message}`);
        else if (this.#hasFailed) {
          this.#hasFailed = false;
          onFailure?.(undefined);
        }
      } else {
        this.#counts.failed++;
        this.#tell(attempt.message);
      }
      onCounts?.({ ...this.#counts });
      return;
    }
  }

  #tell(message: string): void {
    this.#hasFailed = true;
    this.#deps.onFailure?.(message);
  }

  async #attempt(): Promise<Attempt> {
    const { options, version, source, runtime: { clock } } = this.#deps;
    const { metrics, began } = source();
    const { resource, histograms, compression, url, headers, timeout } = options;
    const bytes = encodeMetricsRequest(metrics, { resource, version, began, now: clock.epoch(), histograms });
    const isPacked = compression === "gzip" && typeof CompressionStream === "function";
    try {
      const response = await untimed(fetch)(url, {
        method: "POST",
        headers: {
          ...headers,
          "content-type": "application/x-protobuf",
          ...isPacked ? { "content-encoding": "gzip" } : {},
        },
        body: isPacked ? await gzip(bytes) : bytes,
        redirect: "error",
        signal: AbortSignal.timeout(timeout),
      });
      const answer = await readAnswer(response);
      const { status } = response;
      if (response.ok) {
        const partial = readMetricsResponse(answer);
        return partial === undefined ? { kind: "ok" } : { kind: "partial", ...partial };
      }
      const message = `${shown(url)} answered ${status}`;
      return REPEATABLE.includes(status)
        ? { kind: "again", message, after: retryAfter(response.headers.get("retry-after"), clock.epoch()) }
        : { kind: "refused", message };
    } catch (error) {
      return { kind: "again", message: `${shown(url)}: ${reason(error)}`, after: 0 };
    }
  }
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** An address without what may be secret in it. */
function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** The first bytes of an answer. */
async function readAnswer(response: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    parts.push(part);
    length += part.length;
    if (length >= MAX_ANSWER) break;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** What `Retry-After` asks to wait, in seconds or as a date; ms. */
function retryAfter(text: string | null, now: bigint): number {
  if (text === null) return 0;
  if (/^\d{1,6}$/.test(text.trim())) return Number(text) * 1_000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? 0 : Math.max(0, date - Number(now / BigInt(NANOSECONDS_PER_MS)));
}
