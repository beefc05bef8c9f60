/**
 * Keeps a page that is live up to date with what its server sends.
 *
 * @module
 */

import { sanitizeData } from "../../../display/sanitize.ts";
import type { LiveMessage } from "../../shared/live_data.ts";
import { LiveDocument } from "../model/live_document.ts";
import type { ViewStore } from "../model/view_store.ts";

/** Of a page that is live. */
export interface LiveConnection {
  /** What came first. */
  readonly first: LiveDocument;
  /** Has a store shown what comes, and told whether the connection holds. */
  readonly feed: (store: ViewStore, onState: (isConnected: boolean) => void) => void;
}

/** Connects to the server that the page comes from; resolves with the first message. */
export function connectLive(): Promise<LiveConnection> {
  const level = new URLSearchParams(location.search).get("level");
  const source = new EventSource(level === null ? "events" : `events?level=${encodeURIComponent(level)}`);
  let live: LiveDocument | undefined;
  let [show, tell]: [(() => void), (isConnected: boolean) => void] = [() => {}, () => {}];
  let shownFrom = (): number => Infinity;
  return new Promise((resolve, reject) => {
    source.addEventListener("message", ({ data }: MessageEvent<string>) => {
      const message = sanitizeData(JSON.parse(data) as LiveMessage);
      const isFirst = live === undefined;
      // One that stands for all there is comes first, after each new connection, and if it has grown too large.
      if (live === undefined || message.head !== undefined) live = new LiveDocument(message);
      else live.add(message, shownFrom());
      if (!isFirst) return show();
      resolve({
        first: live,
        feed(store, onState) {
          tell = onState;
          shownFrom = () => oldestKept(store);
          show = whenCalm(() => store.update(live!.data));
        },
      });
    });
    source.addEventListener("open", () => tell(true));
    source.addEventListener("error", () => {
      tell(false);
      if (live === undefined && source.readyState === EventSource.CLOSED) {
        reject(new Error("the server has refused it"));
      }
    });
  });
}

/** The first bin that is kept: while it does not follow, what is shown, up to as much as is kept anyway. */
function oldestKept({ state, first, bins }: ViewStore): number {
  return state.follows ? Infinity : Math.max(state.from, first - (bins - first));
}

/**
 * Calls `update` at once, or when nothing is being pressed or dragged any more, and the page is in
 * view: what is drawn anew under a finger would not be hit.
 */
function whenCalm(update: () => void): () => void {
  let [isPressed, isWaiting] = [false, false];
  const run = (): void => {
    isWaiting = isPressed || document.hidden;
    if (!isWaiting) update();
  };
  const release = (): void => {
    isPressed = false;
    // The click comes after this.
    setTimeout(() => isWaiting && run());
  };
  addEventListener("pointerdown", () => void (isPressed = true), true);
  addEventListener("pointerup", release, true);
  addEventListener("pointercancel", release, true);
  document.addEventListener("visibilitychange", () => isWaiting && run());
  return run;
}
