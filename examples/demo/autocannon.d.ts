/** The part of autocannon that the demo uses; the package has no types of its own. */
declare module "autocannon" {
  export interface Request {
    readonly method?: string;
    readonly path?: string;
    /** Is called before each request, and returns what to send. */
    readonly setupRequest?: (request: Request) => Request;
  }

  export interface Options {
    readonly url: string;
    readonly connections: number;
    /** Seconds, unless there is an `amount`. */
    readonly duration?: number;
    /** Requests per second and connection; as many as possible by default. */
    readonly connectionRate?: number;
    /** Requests in all. */
    readonly amount?: number;
    /** ms after which it looks whether it should stop. */
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
