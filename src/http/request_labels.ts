/**
 * Methods that have separate labels: those of RFC 9110, and PATCH of RFC 5789. Clients may send any
 * other word.
 */
const VERBS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/** Replaces all other methods. */
const OTHER_VERB = "OTHER";

/** Ends the label of a request; before it is the path or route. */
function suffixOf(verb: string): string {
  return ` [${verb}]`;
}

/** Whether a label is one of HTTP requests, such as `/orders [GET]`. */
export function isRequestLabel(label: string): boolean {
  return / \[[A-Z]+\]$/.test(label);
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
