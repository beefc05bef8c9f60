/**
 * The labels of HTTP requests: how they are spelled, parsed, and kept to a limited number.
 *
 * @module
 */

import { cutPath, foldIds } from "./paths.ts";

/**
 * Methods that have separate labels: those registered with IANA, which the RFCs of HTTP, WebDAV and
 * its extensions define. Clients may send any other word.
 */
const VERBS = new Set([
  ...["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY", "PRI"],
  ...["ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "COPY", "LABEL", "LINK", "LOCK", "MERGE"],
  ...["MKACTIVITY", "MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE", "ORDERPATCH"],
  ...["PROPFIND", "PROPPATCH", "REBIND", "REPORT", "SEARCH", "UNBIND", "UNCHECKOUT", "UNLINK", "UNLOCK"],
  ...["UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL"],
]);

/** Replaces all other methods. */
const OTHER_VERB = "OTHER";

/**
 * How a request ended. `"stream"` is not a failure: a response that lasts as long as its client
 * wants, whose duration says nothing about speed.
 */
export type RequestOutcome = "ok" | FailedOutcome | "stream";

/**
 * How a request failed: by its status, because the client went away before the response was
 * complete, or because the handler threw.
 */
export type FailedOutcome = "4xx" | "5xx" | "aborted" | "threw";

/** What stands for the route of requests that no route matched, and that were answered with 404. */
export const UNMATCHED = "unmatched";

/** All ways to fail. */
export const FAILED_OUTCOMES: readonly FailedOutcome[] = ["4xx", "5xx", "aborted", "threw"];

/** The parts of the label of HTTP requests, such as `/orders/:id [GET] 5xx`. */
export interface RequestLabelParts {
  /** The route or path, such as `/orders/:id`. */
  readonly route: string;
  /** The method, such as `GET`. */
  readonly verb: string;
  /** How the requests ended. */
  readonly outcome: RequestOutcome;
}

/** The labels of requests: route, verb, and the outcome, which is missing if it is `"ok"`. */
const REQUEST_LABEL = new RegExp(`^(.*) \\[([A-Z-]+)\\](?: (${FAILED_OUTCOMES.join("|")}|stream))?$`, "s");

/** The parts of a request's label; `undefined` if a label is not of requests. */
export function parseRequestLabel(label: string): RequestLabelParts | undefined {
  const [, route, verb, outcome] = REQUEST_LABEL.exec(label) ?? [];
  if (route === undefined || verb === undefined) return undefined;
  return { route, verb, outcome: (outcome ?? "ok") as RequestOutcome };
}

/** The label of requests with these parts. */
export function requestLabel({ route, verb, outcome }: RequestLabelParts): string {
  return outcome === "ok" ? `${route} [${verb}]` : `${route} [${verb}] ${outcome}`;
}

/** The outcome of a request that was answered with `status`. */
export function outcomeOf(status: number): "ok" | "4xx" | "5xx" {
  return status < 400 ? "ok" : status < 500 ? "4xx" : "5xx";
}

/** The name of a method in a label; all that are not registered share one. */
export function verbOf(method: unknown): string {
  return typeof method === "string" && VERBS.has(method) ? method : OTHER_VERB;
}

/** What a label is made of. */
export interface LabelledRequest {
  /** The method; clients may send any word. */
  readonly method: string | undefined;
  /** The URL, with or without scheme and host. */
  readonly url: string | undefined;
  /** The route, if it is known. */
  readonly route?: string | undefined;
}

/** The labels of one method and outcome. */
class Labels {
  /** By route or path. */
  readonly known = new Map<string, string>();
  readonly unmatched: string;
  readonly other: string;

  constructor(verb: string, outcome: RequestOutcome) {
    this.unmatched = requestLabel({ route: UNMATCHED, verb, outcome });
    this.other = requestLabel({ route: "other", verb, outcome });
  }
}

/** The labels of one method, by outcome. */
type VerbLabels = Readonly<Record<RequestOutcome, Labels>>;

function verbLabels(verb: string): VerbLabels {
  const outcomes: RequestOutcome[] = ["ok", ...FAILED_OUTCOMES, "stream"];
  return Object.fromEntries(outcomes.map((outcome) => [outcome, new Labels(verb, outcome)])) as unknown as VerbLabels;
}

/** Separates the scheme of a URL from its host. */
const HOST_MARK = "://";

/** The path of a URL or of a request line, without its query; `"/"` if there is none. */
function pathOf(url: unknown): string {
  if (typeof url !== "string") return "/";
  let start = 0;
  // Bun gives only the path if a request of HTTP/1.0 does not name the host.
  if (url.charCodeAt(0) !== 0x2f) {
    const host = url.indexOf(HOST_MARK);
    if (host < 0) return url === "*" ? url : "/";
    start = url.indexOf("/", host + HOST_MARK.length);
    if (start < 0) return "/";
  }
  const end = url.indexOf("?", start);
  return url.slice(start, end < 0 ? url.length : end);
}

/** Options of {@linkcode RequestLabels}. */
export interface RequestLabelOptions {
  /** Whether segments of paths that are ids become `:id`. Default `true`. */
  readonly foldIds?: boolean;
  /** Called for each request that is labelled `other [VERB]`. Must not throw. */
  readonly onOther?: () => void;
}

/** Paths of which it is remembered that they were asked for once. */
const REMEMBERED = 1_000;

/**
 * Labels requests `route [VERB]` or `path [VERB]`, with their outcome if they did not end well.
 *
 * The number of labels is limited, since clients choose paths and methods. So that a client that
 * tries paths at random leaves labels for the real ones:
 *
 * - Requests of unknown route that were answered with 404 share `unmatched [VERB] 4xx`.
 * - A quarter of the labels is kept for named routes and for failures of paths that were answered
 *   well before.
 * - A path takes one of the first quarter if it has failed or was redirected, one of the first half
 *   if it was answered well, and one of the third quarter if it was so twice.
 */
export class RequestLabels {
  readonly #max: number;
  readonly #foldIds: boolean;
  readonly #onOther: () => void;
  readonly #verbs = new Map<string, VerbLabels>();
  readonly #otherVerb = verbLabels(OTHER_VERB);
  readonly #askedOnce = new Set<string>();
  #count = 0;
  #paths = 0;

  /** Returns at most `max` different labels, plus `unmatched` and `other` for each method and outcome. */
  constructor(max: number, { foldIds = true, onOther = () => {} }: RequestLabelOptions = {}) {
    this.#max = max;
    this.#foldIds = foldIds;
    this.#onOther = onOther;
  }

  /**
   * The label of a request that ended so. `status` is 0 if it was not answered. Never throws,
   * whatever a handler is called with.
   */
  of({ method, url, route }: LabelledRequest, outcome: RequestOutcome = "ok", status = 200): string {
    const verb = this.#verbs.get(method!) ?? this.#verb(method);
    const labels = verb[outcome];
    if (status === 404 && route === undefined) return labels.unmatched;
    const place = route ?? pathOf(url);
    return labels.known.get(place) ?? this.#labelOf(verb, outcome, place, status, route !== undefined);
  }

  /** The route or path that a label would have. */
  place({ url, route }: LabelledRequest): string {
    return this.#short(route ?? pathOf(url), route !== undefined);
  }

  #verb(method: unknown): VerbLabels {
    if (typeof method !== "string" || !VERBS.has(method)) return this.#otherVerb;
    const labels = verbLabels(method);
    this.#verbs.set(method, labels);
    return labels;
  }

  #short(place: string, isNamed: boolean): string {
    return cutPath(isNamed || !this.#foldIds ? place : foldIds(place));
  }

  #labelOf(verb: VerbLabels, outcome: RequestOutcome, place: string, status: number, isNamed: boolean): string {
    const labels = verb[outcome];
    const short = this.#short(place, isNamed);
    const known = labels.known.get(short);
    if (known !== undefined) return known;
    const isTrusted = isNamed || verb.ok.known.has(short) || verb.stream.known.has(short);
    const isGood = (outcome === "ok" || outcome === "stream") && (status < 300 || status === 304);
    if (!this.#mayAdd(short, isTrusted, isGood)) {
      this.#onOther();
      return labels.other;
    }
    this.#count++;
    if (!isTrusted) this.#paths++;
    const own = ownCopy(short);
    const label = own + labels.unmatched.slice(UNMATCHED.length);
    labels.known.set(own, label);
    return label;
  }

  #mayAdd(place: string, isTrusted: boolean, isGood: boolean): boolean {
    const max = this.#max;
    if (this.#count >= max) return false;
    if (isTrusted) return true;
    if (this.#paths < max / 4) return true;
    if (!isGood) return false;
    if (this.#paths < max / 2) return true;
    if (this.#paths >= max * 3 / 4) return false;
    if (this.#askedOnce.has(place)) return true;
    if (this.#askedOnce.size >= REMEMBERED) this.#askedOnce.clear();
    this.#askedOnce.add(ownCopy(place));
    return false;
  }
}

/**
 * Copies a text that may be a slice of another: a stored path would keep its whole URL in memory.
 */
function ownCopy(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}
