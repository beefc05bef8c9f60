/** The used part of autocannon, which brings no types. */
declare module "autocannon" {
  export interface Request {
    readonly method?: string;
    readonly path?: string;
    /** Called before each request. Returns the request. */
    readonly setupRequest?: (request: Request) => Request;
  }

  export interface Options {
    readonly url: string;
    readonly connections: number;
    /** Duration, s, unless there is an `amount`. */
    readonly duration?: number;
    /** Requests per second and connection. Default: as many as possible. */
    readonly connectionRate?: number;
    /** Total number of requests. */
    readonly amount?: number;
    /** Interval at which it checks whether to stop, ms. */
    readonly sampleInt?: number;
    readonly requests?: readonly Request[];
  }

  export interface Instance extends PromiseLike<unknown> {
    on(event: "response", listener: (client: unknown, status: number) => void): this;
    on(event: "reqError", listener: (error: Error) => void): this;
    stop(): void;
  }

  export default function autocannon(options: Options): Instance;
}
