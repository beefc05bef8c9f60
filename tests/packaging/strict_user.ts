/**
 * A user of the package, for a compiler with all strict options. It is compiled with the types of
 * Bun, so Deno does not check it. It is never run.
 *
 * @module
 */

import * as monitor from "@kymo/kymo";
import type { MonitorStatus, ObservationSink, Sampler, StartOptions } from "@kymo/kymo";
import { compare, type Description, type SeriesData, type Table, TelemetryDB } from "@kymo/kymo/analysis";
import { backgroundSampler, openChannel, processSampler, type SampledSeries } from "@kymo/kymo/core";
import { type HttpOptions, timeHandler, timeRoutes, timeServer } from "@kymo/kymo/http";

const options: StartOptions = {
  monitoringDir: "recorded",
  withRuntime: true,
  withProfiler: false,
  memoryThreshold: 2 ** 20,
  flushInterval: 60_000,
  samplingInterval: 1_000,
  layout: "append",
  durability: "memory",
  onError: (error: Error): void => console.error(error.message),
};
monitor.start(options);

const id: number = monitor.startDurationSample();
monitor.stopDurationSample("work", id);

const sum: (a: number, b: number) => number = monitor.timeIt("sum")((a: number, b: number) => a + b);
const later: (text: string) => Promise<string> = monitor.timeIt("later")((text: string) => Promise.resolve(text));
export const results: [number, string] = [sum(1, 2), await later("text")];

export class Shop {
  readonly rate = 3;

  @monitor.timeIt("Shop.price")
  price(amount: number): number {
    return this.rate * amount;
  }

  @monitor.timeIt("Shop.open")
  static async open(): Promise<Shop> {
    return await Promise.resolve(new Shop());
  }

  @monitor.timeIt("Shop.currency")
  get currency(): string {
    return "EUR";
  }
}

{
  using _ = monitor.time("block");
  monitor.observe("queue length", 17);
  monitor.observeMany([["a", 1], ["b", 2]]);
}

const queue: ObservationSink = monitor.channel("queue");
queue.observe("length", 1);

const status: MonitorStatus = monitor.status();
const flushed: number | undefined = status.channels["duration"]?.flushed;
export const told: [number | undefined, string | undefined] = [flushed, status.lastError?.message];
await monitor.stop();

const lag: Sampler = { channel: "lag", sample: (channel: ObservationSink): void => channel.observe("lag", 0.5) };
monitor.start({ samplers: [lag] });

const http: HttpOptions = { until: "headers" };
const handle: (request: Request) => Promise<Response> = timeHandler(
  (request: Request) => Promise.resolve(new Response(request.url)),
  http,
);
export const answer: string = await (await handle(new Request("http://localhost/"))).text();
export const server: Bun.Server<undefined> = Bun.serve(timeServer({
  port: 0,
  fetch: () => new Response("hello"),
  routes: timeRoutes({ "/orders/:id": (request) => new Response(request.params.id) }),
}));
await server.stop();
await monitor.stop();

{
  await using db = await TelemetryDB.open("recorded", { memoryLimit: "256MB" });
  const described: Description[] = await db.duration().describe({ byProcess: true, quantiles: [0.9999] });
  const { timepoints }: SeriesData = await db.rss().data({ from: 0n });
  const table: Table = await db.sql("SELECT 1");
  console.log(described, timepoints[0], table.rows(), await compare(db.duration(), db.custom()));
}

{
  const channel = openChannel("own", { monitoringDir: "recorded", layout: "append" });
  const series: SampledSeries[] = [{ sampler: processSampler(), sink: channel }];
  const background = backgroundSampler(series, { samplingInterval: 100 });
  background.start();
  background.stop();
  await channel.close();
}

{
  await using recording: AsyncDisposable = new monitor.Monitor().start({ monitoringDir: "other" });
  await monitor.flush();
  console.log(recording, monitor.status().capabilities.spool?.reason);
}
