/**
 * Methods that have separate labels: those of RFC 9110, and PATCH of RFC 5789. Clients may send any
 * other word.
 */
const VERBS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

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

/**
 * A regular expression, for JavaScript and for RE2 (DuckDB), of the labels of requests. Its groups
 * are the route, the verb, and the outcome, which is empty or missing if it is `"ok"`.
 */
export const REQUEST_LABEL_PATTERN = `^([\\s\\S]*) \\[([A-Z-]+)\\](?: (${FAILED_OUTCOMES.join("|")}|stream))?$`;

const REQUEST_LABEL = new RegExp(REQUEST_LABEL_PATTERN);

/** The parts of a request's label; `undefined` if a label is not of requests. */
export function parseRequestLabel(label: string): RequestLabelParts | undefined {
  const [, route, verb, outcome] = REQUEST_LABEL.exec(label) ?? [];
  if (route === undefined || verb === undefined) return undefined;
  return { route, verb, outcome: (outcome ?? "ok") as RequestOutcome };
}

/** Ends the label of a request; before it is the path or route. */
function suffixOf(verb: string, outcome: RequestOutcome = "ok"): string {
  return outcome === "ok" ? ` [${verb}]` : ` [${verb}] ${outcome}`;
}

/** The label of requests with these parts. */
export function requestLabel({ route, verb, outcome }: RequestLabelParts): string {
  return route + suffixOf(verb, outcome);
}

/** The labels of one method, by path or route. */
class VerbLabels {
  readonly known = new Map<string, string>();
  readonly suffix: string;
  readonly overflow: string;

  constructor(verb: string) {
    this.suffix = suffixOf(verb);
    this.overflow = `other${this.suffix}`;
  }
}

/**
 * Separates the scheme of a URL from its host. Schemes are `http`, `https`, and `http+unix` on
 * Deno.
 */
const HOST_MARK = "://";

/** The path of an absolute URL, without its query; `"/"` if there is none. */
function pathOf(url: unknown): string {
  if (typeof url !== "string") return "/";
  const start = url.indexOf("/", url.indexOf(HOST_MARK) + HOST_MARK.length);
  if (start < 0) return "/";
  const end = url.indexOf("?", start);
  return end < 0 ? url.slice(start) : url.slice(start, end);
}

/**
 * Copies a text that may be a slice of another: a stored path would keep its whole URL in memory.
 */
function ownCopy(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}

/**
 * Labels requests `path [VERB]` or `route [VERB]`. The number of labels is limited, since clients
 * choose paths and methods.
 */
export class RequestLabels {
  readonly #max: number;
  readonly #route: ((request: Request) => string | undefined) | undefined;
  readonly #verbs = new Map(VERBS.map((verb) => [verb, new VerbLabels(verb)]));
  readonly #otherVerb = new VerbLabels(OTHER_VERB);
  #count = 0;

  /** Returns at most `max` different labels, plus one `other [VERB]` for each method. */
  constructor(max: number, route?: (request: Request) => string | undefined) {
    this.#max = max;
    this.#route = route;
  }

  /**
   * The label of a request. `pattern` is that of its route, if the server matched one. Never
   * throws, whatever a handler is called with.
   */
  of(request: Request | undefined, pattern?: string): string {
    const verb = this.#verbs.get(request?.method ?? OTHER_VERB) ?? this.#otherVerb;
    const place = this.#routeOf(request) ?? pattern ?? pathOf(request?.url);
    return verb.known.get(place) ?? this.#add(verb, place);
  }

  #add(verb: VerbLabels, place: string): string {
    if (this.#count >= this.#max) return verb.overflow;
    this.#count++;
    const own = ownCopy(place);
    const label = own + verb.suffix;
    verb.known.set(own, label);
    return label;
  }

  #routeOf(request: Request | undefined): string | undefined {
    if (this.#route === undefined || request === undefined) return undefined;
    try {
      const route: unknown = this.#route(request);
      return typeof route === "string" && route !== "" ? route : undefined;
    } catch {
      return undefined; // the request is served all the same
    }
  }
}
