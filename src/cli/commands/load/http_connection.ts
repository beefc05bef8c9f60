/**
 * HTTP/1.1 over one connection: a request at a time, each sent once. What `fetch` and `node:http`
 * would do by themselves is what a load generator must not do: send a request again whose connection
 * was reset, follow a redirect, wait for a place in a pool.
 *
 * @module
 */

import { HTTPParser } from "http-parser-js";
import type { Connection, Network } from "../../context.ts";
import type { Target } from "./targets.ts";

/**
 * Called once when a request has ended: with the status of its answer, whose body has come to its
 * end; or with 0, and how it failed.
 */
export type Ended = (status: number, failure: string | undefined) => void;

/** How a request failed whose connection ended before its answer. */
const RESET = "reset";

/** In words, what errors of connections mean; of all others the code or the message is told. */
const FAILURES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: RESET,
  ECONNABORTED: RESET,
  EPIPE: RESET,
  ETIMEDOUT: "unreachable",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  ENOTFOUND: "host not found",
  EAI_AGAIN: "host not found",
  EAI_NODATA: "host not found",
  EAI_NONAME: "host not found",
};

/** A connection to one server, opened when a request is sent and there is none. */
export class HttpConnection {
  readonly #network: Network;
  #link: Link | undefined;
  #exchange: Exchange | undefined;

  /** Opens its connections here. */
  constructor(network: Network) {
    this.#network = network;
  }

  /** Sends a request. The one before must have ended. */
  send(target: Target, ended: Ended): void {
    this.#exchange = { isHead: target.isHead, ended, status: 0, answers: 0, keeps: !target.closes };
    const link = this.#link ?? this.#open(target);
    link.connection?.write(target.bytes);
  }

  /** Ends the request that was sent, if there is one, and the connection. */
  giveUp(why: string): void {
    this.#end(0, why, false);
  }

  /** Ends the connection. */
  close(): void {
    this.#link?.connection?.destroy();
    this.#link = undefined;
  }

  #open({ address }: Target): Link {
    const parser = this.#parser();
    const link: Link = {};
    this.#link = link;
    link.connection = this.#network.connect(address, {
      data: (bytes) => {
        if (this.#link === link) this.#take(parser, bytes);
      },
      closed: (error) => {
        if (this.#link === link) this.#closed(parser, error);
      },
    });
    return link;
  }

  #closed(parser: InstanceType<typeof HTTPParser>, error: string | undefined): void {
    const { status = 0 } = this.#exchange ?? {};
    // An answer may last until the connection ends.
    if (error === undefined && status !== 0) parser.finish();
    if ((this.#exchange?.answers ?? 0) > 0) this.#end(status, undefined, false);
    else this.#end(0, error === undefined ? RESET : FAILURES[error] ?? error, false);
  }

  #parser(): InstanceType<typeof HTTPParser> {
    const parser = new HTTPParser(HTTPParser.RESPONSE);
    parser[HTTPParser.kOnHeadersComplete] = ({ statusCode, shouldKeepAlive }) => {
      const exchange = this.#exchange;
      if (exchange === undefined || isInterim(statusCode) || exchange.answers > 0) return 0;
      exchange.status = statusCode;
      exchange.keeps &&= (shouldKeepAlive || exchange.isHead) && statusCode !== SWITCHED;
      return exchange.isHead ? 1 : 0;
    };
    parser[HTTPParser.kOnMessageComplete] = () => {
      if (this.#exchange !== undefined && this.#exchange.status !== 0) this.#exchange.answers++;
    };
    return parser;
  }

  #take(parser: InstanceType<typeof HTTPParser>, bytes: Uint8Array): void {
    if (this.#exchange === undefined) return this.close(); // nobody asked
    const read = parser.execute(bytes as Parameters<typeof parser.execute>[0]);
    const { status, answers, keeps } = this.#exchange;
    if (answers > 0) this.#end(status, undefined, keeps && answers === 1 && typeof read === "number");
    else if (typeof read !== "number") this.#end(0, "invalid answer", false);
  }

  #end(status: number, failure: string | undefined, keeps: boolean): void {
    if (!keeps) this.close();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.ended(status, failure);
  }
}

/** A connection that is open, or being opened. */
interface Link {
  connection?: Connection;
}

/** A request that was sent. */
interface Exchange {
  readonly isHead: boolean;
  readonly ended: Ended;
  /** Of the answer whose headers have come; 0 before. */
  status: number;
  /** Whole answers. More than one is more than was asked for. */
  answers: number;
  /** Whether the connection can be used again. */
  keeps: boolean;
}

/** The server speaks another protocol from now on. */
const SWITCHED = 101;

/** Whether an answer is followed by another one. */
function isInterim(status: number): boolean {
  return status < 200 && status !== SWITCHED;
}
