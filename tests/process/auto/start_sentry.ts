/** Starts Sentry before the program, as its documentation advises. */

import process from "node:process";

const { init } = await import(process.env["SENTRY_PACKAGE"]!);
init({ dsn: process.env["SENTRY_DSN"], tracesSampleRate: 1, release: "1" });
