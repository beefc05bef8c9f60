/** Methods that have labels of their own: those of RFC 9110 and PATCH of RFC 5789. A client may send any other word. */
const VERBS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/** Stands for all other methods. */
const OTHER_VERB = "OTHER";

/** The labels of one method, by path or route. */
class VerbLabels {
  readonly known = new Map<string, string>();
  readonly suffix: string;
  readonly overflow: string;

  constructor(verb: string) {
    this.suffix = ` [${verb}]`;
    this.overflow = `other${this.suffix}`;
  }
}

/** Stands between the scheme of a URL and its host: `http://`, `https://`, and `http+unix://` on Deno. */
const HOST_MARK = "://";

/** The path of an absolute URL without its query; `"/"` if it has none, or is none. */
function pathOf(url: unknown): string {
  if (typeof url !== "string") return "/";
  const start = url.indexOf("/", url.indexOf(HOST_MARK) + HOST_MARK.length);
  if (start < 0) return "/";
  const end = url.indexOf("?", start);
  return end < 0 ? url.slice(start) : url.slice(start, end);
}

/** The same text, not as a slice of another: a path would keep its whole URL in memory. */
function ownCopy(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}

/** Names requests `path [VERB]` or `route [VERB]`, with a bound on the number of names, since clients choose paths and methods. */
export class RequestLabels {
  readonly #max: number;
  readonly #route: ((request: Request) => string | undefined) | undefined;
  readonly #verbs = new Map(VERBS.map((verb) => [verb, new VerbLabels(verb)]));
  readonly #otherVerb = new VerbLabels(OTHER_VERB);
  #count = 0;

  /** Gives out `max` labels, besides one `other [VERB]` for each method. */
  constructor(max: number, route?: (request: Request) => string | undefined) {
    this.#max = max;
    this.#route = route;
  }

  /**
   * The label of a request; `pattern` is that of the route it came by, if there is one. Never throws, though anybody may call a
   * handler with anything.
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
      return undefined; // The request is served whatever becomes of its name.
    }
  }
}
