/**
 * The routes of Fastify, which tells of its applications and requests on diagnostics channels.
 *
 * @module
 */

import { defaultDiagnostics } from "../../default_runtime.ts";
import type { Diagnostics } from "../../runtime.ts";
import { noteRoute } from "../request_sample.ts";

/** The used part of a request of Fastify. */
interface FastifyRequest {
  /** The request of `node:http`. */
  readonly raw?: unknown;
  readonly routeOptions?: { readonly url?: unknown };
}

/** The used part of an application. */
interface Fastify {
  addHook(event: "onRequest", hook: (request: FastifyRequest, reply: unknown, done: () => void) => void): unknown;
}

/** A new application has been made. */
const NEW_APPLICATION = "fastify.initialization";

/** The handler of a request is about to be called. Not if a hook has answered before. */
const HANDLER_CALLED = "tracing:fastify.request.handler:start";

let isFollowing = false;

/**
 * Notes the routes of all requests to Fastify from now on, of applications made before only if their
 * handlers are called. Further calls do nothing. Does not throw.
 */
export function followFastify({ subscribe }: Diagnostics = defaultDiagnostics): void {
  if (isFollowing) return;
  isFollowing = true;
  subscribe(NEW_APPLICATION, (message) => {
    try {
      const { fastify } = message as { readonly fastify: Fastify };
      fastify.addHook("onRequest", (request, _reply, done) => {
        note(request);
        done();
      });
    } catch {
      // Another version: its handlers tell.
    }
  });
  subscribe(HANDLER_CALLED, (message) => note((message as { readonly request?: FastifyRequest } | undefined)?.request));
}

function note(request: FastifyRequest | undefined): void {
  try {
    noteRoute(request?.raw, request?.routeOptions?.url);
  } catch {
    // The request is served all the same.
  }
}
