type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;

/**
 * Whether this runtime sets the `content-type` of a text only when it sends the response, as Bun
 * does. It then cannot tell a text from bytes once `body` has been read.
 */
function setsTypeLate(): boolean {
  return isTypeLate ??= !new Response("text").headers.has("content-type");
}

/** Found out when it is needed: on Deno the first response takes 3 ms. */
let isTypeLate: boolean | undefined;

/** How a body ended that was not read to its end: it was cancelled, or it failed. */
export type BodyFailure = "aborted" | "threw";

/**
 * Returns a copy of the response that calls `onEnd` once, when its body is read to its end,
 * cancelled, or fails. If there is no body, or if tracking it would change what the client
 * receives, calls `onEnd` at once and returns the response itself.
 */
export function trackBody(
  response: Response,
  onEnd: (failure?: BodyFailure, error?: unknown) => void,
  { isReceived = false }: {
    /** Whether it has come from a server: then its body is bytes. */
    readonly isReceived?: boolean;
  } = {},
): Response {
  const isText = !isReceived && !response.headers.has("content-type") && setsTypeLate();
  const body = isText ? null : response.body;
  if (body === null || body.locked) {
    onEnd();
    return response;
  }
  return new Response(tracked(body, onEnd), response);
}

/** Passes the chunks on, and reads each only when it is pulled. */
function tracked(body: Bytes, onEnd: (failure?: BodyFailure, error?: unknown) => void): Bytes {
  const reader = body.getReader();
  let open = true;
  const end = (failure?: BodyFailure, error?: unknown): void => {
    if (open) onEnd(failure, error);
    open = false;
  };
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
      } catch (error) {
        end("threw", error);
        throw error;
      }
      if (open) controller.close();
      end();
    },
    cancel(reason) {
      end("aborted");
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
