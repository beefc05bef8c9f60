import { type IncomingMessage, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { forEachBucket } from "../../../src/report/shared/report_buckets.ts";
import type { LiveMessage } from "../../../src/report/shared/live_data.ts";
import type { ReportData } from "../../../src/report/shared/report_data.ts";
import { LiveDocument } from "../../../src/report/viewer/model/live_document.ts";
import type { Spawned } from "../../support/process/run.ts";
import { servePage } from "../../support/programs/commands/served_page.ts";

/** `kymo live` in a process of its own, and a page that gets its events, which both end with the block. */
export class LivePage implements AsyncDisposable {
  readonly spawned: Spawned;
  /** Where the page is. */
  readonly url: string;
  #live: LiveDocument | undefined;
  #events: IncomingMessage | undefined;
  #messages = 0;

  private constructor(spawned: Spawned, url: string) {
    this.spawned = spawned;
    this.url = url;
  }

  /** Starts it, and waits for the first event. */
  static async open(directory: string, ...args: string[]): Promise<LivePage> {
    const { spawned, url } = await servePage("live", directory, ...args);
    const page = new LivePage(spawned, url);
    await page.#connect();
    return page;
  }

  /** What the page has. */
  get data(): ReportData {
    return this.#live!.data;
  }

  /** Number of the durations that the page has, by label. */
  get counts(): Record<string, number> {
    return Object.fromEntries(this.data.durations.map(({ label, processes }) => {
      let count = 0;
      for (const { cells } of processes) {
        for (const cell of cells!.buckets) forEachBucket(cell, (_, inBucket) => count += inBucket);
      }
      return [label, count];
    }));
  }

  /** Waits until something holds, and for one message more. */
  async until(holds: () => boolean): Promise<void> {
    for (let i = 0; i < 3_000 && !holds(); i++) await sleep(10);
    const { length } = { length: this.#messages };
    for (let i = 0; i < 3_000 && this.#messages === length; i++) await sleep(10);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#events?.destroy();
    this.spawned.kill("SIGINT");
    await this.spawned.ended;
  }

  /** As a browser's EventSource does. */
  async #connect(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      request(`${this.url}events`, (response) => {
        this.#events = response;
        let text = "";
        response.on("error", () => {}); // it is ended by closing it
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
          const events = text.split("\n\n");
          text = events.pop()!;
          for (const event of events) this.#take(event);
          if (this.#live !== undefined) resolve();
        });
      }).on("error", reject).end();
    });
  }

  #take(event: string): void {
    if (!event.startsWith("data: ")) return;
    const message: LiveMessage = JSON.parse(event.slice("data: ".length));
    if (message.head !== undefined) this.#live = new LiveDocument(message);
    else this.#live!.add(message, Infinity);
    this.#messages++;
  }
}
