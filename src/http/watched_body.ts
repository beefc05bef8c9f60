type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;

/**
 * Whether this runtime adds the type of a text only when it sends it, as Bun does, and can no longer tell a text from bytes once
 * somebody has looked at `body`.
 */
const addsTypeLate = !new Response("text").headers.has("content-type");

/**
 * A response like the one given, whose body calls `ended` once: when it is read to its end, cancelled, or fails. If there is
 * nothing to read, or it cannot be watched without changing what the client gets, `ended` is called at once and the response
 * itself returned.
 */
export function watchBody(response: Response, ended: () => void): Response {
  const body = addsTypeLate && !response.headers.has("content-type") ? null : response.body;
  if (body === null || body.locked) {
    ended();
    return response;
  }
  return new Response(watched(body, ended), response);
}

/** The same chunks, each read when it is asked for. */
function watched(body: Bytes, ended: () => void): Bytes {
  const reader = body.getReader();
  let open = true;
  const end = (): void => {
    if (open) ended();
    open = false;
  };
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
      } catch (error) {
        end();
        throw error;
      }
      if (open) controller.close();
      end();
    },
    cancel(reason) {
      end();
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
