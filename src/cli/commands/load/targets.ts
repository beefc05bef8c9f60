/**
 * What is asked for: URLs with their method, and the bytes that are sent for each.
 *
 * @module
 */

import { cutPath, foldIds } from "../../../http/paths.ts";
import { requestLabel, type RequestOutcome, verbOf } from "../../../http/request_labels.ts";
import { KymoError, quote } from "../../../errors.ts";
import type { ConnectAddress } from "../../context.ts";

/** Most places that have labels of their own; the requests of further ones are `other [VERB]`. */
export const MAX_PLACES = 1_000;

/** A request as the user wrote it. */
export interface WrittenTarget {
  /** `undefined` if it is that of the other options. */
  readonly method?: string | undefined;
  readonly url: string;
}

/** What all requests have. */
export interface RequestOptions {
  /** The method of the targets that name none. Default: `POST` with a body, otherwise `GET`. */
  readonly method?: string | undefined;
  /** Names and values, in the order in which they are sent. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Sent with every request but those with GET and HEAD, unless `method` is one of them. */
  readonly body?: Uint8Array | undefined;
  /** Whether a certificate that nobody vouches for is refused. */
  readonly verify: boolean;
  /** Of the header `user-agent`. */
  readonly agent: string;
}

/** A request that can be sent again and again. */
export interface Target {
  /** Scheme, host and port: what a connection leads to. */
  readonly origin: string;
  readonly address: ConnectAddress;
  /** Whether the answer has no body, whatever its headers say. */
  readonly isHead: boolean;
  /** Whether `connection: close` is asked for. */
  readonly closes: boolean;
  /** The whole request. */
  readonly bytes: Uint8Array;
  /** The label of a request that ended so. */
  labelOf(outcome: RequestOutcome): string;
}

/** A token of HTTP, such as a method or the name of a header. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/** What may not be in the value of a header. */
// deno-lint-ignore no-control-regex -- control characters are what it looks for
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;

/** Headers that say where the body ends, and those that change the connection. */
const OURS = ["content-length", "transfer-encoding", "upgrade", "expect"];

/**
 * Checks a method. It is sent as it is.
 *
 * @throws {KymoError} if it is none, or one that does not ask for an answer.
 */
export function checkMethod(method: string): string {
  if (!TOKEN.test(method)) throw wrong(method, "it is not a method");
  if (method.toUpperCase() === "CONNECT") throw wrong(method, "it makes a tunnel, and no request");
  return method;
}

/**
 * Parses a header as `curl` takes it: `Name: value`.
 *
 * @throws {KymoError} if it is none, or one that follows from the request.
 */
export function parseHeader(text: string): readonly [name: string, value: string] {
  const at = text.indexOf(":");
  const name = text.slice(0, Math.max(0, at)).trim();
  const value = text.slice(at + 1).trim();
  if (!TOKEN.test(name)) throw wrong(text, "a header must be Name: value");
  if (CONTROL.test(value)) throw wrong(text, "a header has no control characters");
  if (OURS.includes(name.toLowerCase())) throw wrong(text, "this header cannot be set");
  return [name, value];
}

/**
 * The targets of a file: a line for each, with a method, a space and a URL, or a URL alone. Empty
 * lines, and those that begin with `#`, are left out.
 *
 * @throws {KymoError} if there is none.
 */
export function parseTargets(path: string, bytes: Uint8Array): WrittenTarget[] {
  const lines = new TextDecoder().decode(bytes).split("\n").map((line) => line.trim());
  const targets = lines.filter((line) => line !== "" && !line.startsWith("#")).map((line): WrittenTarget => {
    const [first = "", second] = line.split(/\s+(.*)/s);
    return second === undefined || second === "" ? { url: first } : { method: checkMethod(first), url: second };
  });
  if (targets.length === 0) throw wrong(path, "there is no URL in it");
  return targets;
}

/** Makes requests of what the user wrote; they share a limit on places. */
export class Targets {
  readonly #options: RequestOptions;
  readonly #places = new Set<string>();
  /** By what they are made of: many lines of a file may be the same. */
  readonly #known = new Map<string, Target>();

  /** All requests have these options. */
  constructor(options: RequestOptions) {
    this.#options = options;
  }

  /**
   * The request for a target.
   *
   * @throws {KymoError} if its URL is none of HTTP.
   */
  add({ method, url }: WrittenTarget): Target {
    const key = `${method} ${url}`;
    let target = this.#known.get(key);
    if (target === undefined) this.#known.set(key, target = this.#make(method, url));
    return target;
  }

  #make(given: string | undefined, text: string): Target {
    const { body, verify } = this.#options;
    const url = parseUrl(text);
    const method = given ?? this.#options.method ?? (body === undefined ? "GET" : "POST");
    const sends = body !== undefined && (!/^(?:GET|HEAD)$/.test(method) || this.#options.method === method);
    const { bytes, closes } = requestBytes(method, url, sends ? body : undefined, this.#options);
    const isSecure = /^https:$/.test(url.protocol);
    const labels = new Map<RequestOutcome, string>();
    const route = this.#place(url);
    const verb = verbOf(method);
    return {
      origin: url.origin,
      address: {
        host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
        port: Number(url.port || (isSecure ? 443 : 80)),
        ...isSecure ? { tls: { verify } } : {},
      },
      isHead: method === "HEAD",
      closes,
      bytes,
      labelOf(outcome) {
        let label = labels.get(outcome);
        if (label === undefined) labels.set(outcome, label = requestLabel({ route, verb, outcome }));
        return label;
      },
    };
  }

  #place({ host, pathname }: URL): string {
    const place = cutPath(host + foldIds(pathname));
    if (!this.#places.has(place) && this.#places.size >= MAX_PLACES) return "other";
    this.#places.add(place);
    return place;
  }
}

/** The URL of a text; without a scheme it is one of `http:`. */
function parseUrl(text: string): URL {
  const whole = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : ["http", text].join("://");
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (url === undefined) throw wrong(text, "it is not a URL");
  if (!/^https?:$/.test(url.protocol)) throw wrong(text, "only URLs of http: and https: can be loaded");
  if (url.port === "0") throw wrong(text, "there is no port 0");
  return url;
}

const encoder = new TextEncoder();

function requestBytes(
  method: string,
  { host, pathname, search, username, password }: URL,
  body: Uint8Array | undefined,
  { headers, agent }: RequestOptions,
): { readonly bytes: Uint8Array; readonly closes: boolean } {
  const all: (readonly [string, string])[] = [["host", host], ["user-agent", agent], ["accept", "*/*"]];
  if (username !== "" || password !== "") {
    const user = encoder.encode(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
    all.push(["authorization", `Basic ${btoa(String.fromCharCode(...user))}`]);
  }
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  const sent = [...all.filter(([name]) => !given.has(name)), ...headers];
  if (body !== undefined || /^(?:POST|PUT|PATCH)$/.test(method)) sent.push(["content-length", `${body?.length ?? 0}`]);
  const head = [`${method} ${pathname}${search} HTTP/1.1`, ...sent.map(([name, value]) => `${name}: ${value}`)];
  const headBytes = encoder.encode(`${head.join("\r\n")}\r\n\r\n`);
  const bytes = new Uint8Array(headBytes.length + (body?.length ?? 0));
  bytes.set(headBytes);
  if (body !== undefined) bytes.set(body, headBytes.length);
  const closes = headers.some(([name, value]) => /^connection$/i.test(name) && /\bclose\b/i.test(value));
  return { bytes, closes };
}

function wrong(value: string, why: string): KymoError {
  return new KymoError("invalid-argument", `Cannot load: ${quote(value)}: ${why}`);
}
