import { builtin, nodeProcess } from "../builtins.ts";
import { isAtLeast } from "../../version.ts";

/**
 * Milliseconds to wait for the answers of other isolates: one may be busy, or terminated without
 * notice.
 */
const ANSWER_TIMEOUT = 400;

/**
 * The part of Node's `BroadcastChannel` that is used. Unlike the Web's it has `unref`, so it need
 * not keep the program alive.
 */
interface Channel {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  postMessage(message: Message): void;
  unref(): void;
  close(): void;
}

/** A message between isolates. `from` and `to` are their ids. */
type Message =
  | { readonly kind: "hello" | "bye"; readonly from: string }
  | { readonly kind: "here"; readonly from: string; readonly to: string }
  | { readonly kind: "signal"; readonly from: string; readonly signal: string }
  | {
    readonly kind: "answer";
    readonly from: string;
    readonly to: string;
    readonly signal: string;
    readonly handled: boolean;
  };

/** Constructs channels. */
type ChannelClass = { new (name: string): Channel; readonly prototype: Partial<Channel> };

function channelClass(): ChannelClass | undefined {
  return builtin<{ BroadcastChannel?: ChannelClass }>("node:worker_threads").BroadcastChannel;
}

/**
 * Whether the isolates of a process can be told of signals. Not on Deno before 2.8: there closing a
 * channel ends the program, before 2.7 a channel keeps it alive, and before 2.6 making one ends it.
 */
export function canTellOthers(): boolean {
  const { deno = "2.8" } = nodeProcess().versions;
  return channelClass()?.prototype.unref !== undefined && isAtLeast(deno, "2.8");
}

/**
 * The channel of this isolate on Deno before 2.8.3, which stays open. On Deno a channel that is made
 * just after the last one was closed is dead: posting to it throws, and on 2.8.0 it ends the program.
 */
let kept: Channel | undefined;

function openChannel(): Channel | undefined {
  if (!canTellOthers()) return undefined;
  const Channel = channelClass()!;
  const channel = kept ?? new Channel("@kymo/kymo exits");
  const { deno } = nodeProcess().versions;
  if (deno !== undefined && !isAtLeast(deno, "2.8.3")) kept = channel;
  return channel;
}

/**
 * The other isolates of this process that have exit hooks.
 *
 * A signal ends all isolates of a process, but not all receive it: workers on Bun never do, and
 * those on Deno do not listen, since then the process could not die while one of them is busy. So
 * an isolate that receives a signal announces it to the others, and goes on when they have flushed.
 * Without {@linkcode canTellOthers} it knows of no others.
 */
export class OtherIsolates {
  readonly #id = crypto.randomUUID();
  readonly #ids = new Set<string>();
  readonly #answers = new Set<(signal: string, from: string, handled: boolean) => void>();
  readonly #onSignal: (signal: string) => boolean;
  readonly #channel: Channel | undefined = openChannel();
  readonly #openedAt = performance.now();

  /**
   * `onSignal` is called when another isolate announces a signal. It returns whether the program
   * handles that signal here.
   */
  constructor(onSignal: (signal: string) => boolean) {
    this.#onSignal = onSignal;
    if (this.#channel === undefined) return;
    this.#channel.onmessage = ({ data }) => this.#receive(data as Message);
    this.#channel.unref();
    this.#post({ kind: "hello", from: this.#id });
  }

  /** Whether there is no other isolate, as far as is known. */
  get areNone(): boolean {
    return this.#ids.size === 0 && !this.#isNew;
  }

  /** Whether others may not have answered yet that they are here. */
  get #isNew(): boolean {
    return this.#channel !== undefined && performance.now() - this.#openedAt < ANSWER_TIMEOUT;
  }

  /** Announces a signal to the other isolates. */
  announce(signal: string): void {
    this.#post({ kind: "signal", from: this.#id, signal });
  }

  /**
   * Announces a signal. Resolves, once all have answered or time is up, to whether the program
   * handles it in one of them.
   */
  async isHandledByAny(signal: string): Promise<boolean> {
    if (this.areNone) return false;
    const silent = new Set(this.#ids);
    const isNew = this.#isNew;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const answer = (about: string, from: string, handled: boolean): void => {
      if (about !== signal) return;
      silent.delete(from);
      if (handled || silent.size === 0 && !isNew) resolve(handled);
    };
    this.#answers.add(answer);
    const timer = setTimeout(() => resolve(false), ANSWER_TIMEOUT);
    this.announce(signal);
    const handled = await promise;
    clearTimeout(timer);
    this.#answers.delete(answer);
    // An isolate that did not answer may have been terminated. If it lives, its answer comes late
    // and is ignored.
    if (!handled) {
      for (const id of silent) this.#ids.delete(id);
    }
    return handled;
  }

  /** Tells the others not to wait for this isolate any more. */
  leave(): void {
    this.#post({ kind: "bye", from: this.#id });
  }

  /** Leaves and closes the channel, or stops to listen to one that stays open. */
  close(): void {
    this.leave();
    if (this.#channel === undefined) return;
    this.#channel.onmessage = null;
    if (this.#channel !== kept) this.#channel.close();
  }

  #post(message: Message): void {
    try {
      this.#channel?.postMessage(message);
    } catch {
      // The channel is closed. Nothing may be thrown into a program that exits.
    }
  }

  #receive(message: Message): void {
    const { from } = message;
    switch (message.kind) {
      case "hello":
        this.#ids.add(from);
        this.#post({ kind: "here", from: this.#id, to: from });
        break;
      case "here":
        if (message.to === this.#id) this.#ids.add(from);
        break;
      case "bye":
        this.#ids.delete(from);
        break;
      case "signal": {
        const { signal } = message;
        const handled = this.#onSignal(signal);
        this.#post({ kind: "answer", from: this.#id, to: from, signal, handled });
        break;
      }
      case "answer":
        if (message.to !== this.#id) break;
        for (const answer of this.#answers) answer(message.signal, from, message.handled);
        break;
    }
  }
}
