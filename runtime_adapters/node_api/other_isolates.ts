import { builtin } from "./builtins.ts";

/** How long an isolate that does not answer is waited for, ms: it may be busy, or was terminated and could not say so. */
const PATIENCE = 80;

/** The part of Node's `BroadcastChannel` that is used. Unlike the Web's it can be kept from keeping the program alive. */
interface Channel {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  postMessage(message: Message): void;
  unref(): void;
  close(): void;
}

/** What isolates tell each other; `from` and `to` are their ids. */
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

/**
 * The isolates of this process that watch for their end as this one does.
 *
 * A signal ends all isolates of a process, but not all hear it: workers on Bun never do, and those on Deno do not listen, since then the process
 * could not die while one of them is busy. So an isolate that hears a signal tells the others, and goes on when they are done.
 */
export class OtherIsolates {
  readonly #id = crypto.randomUUID();
  readonly #ids = new Set<string>();
  readonly #answers = new Set<(signal: string, from: string, handled: boolean) => void>();
  readonly #onSignal: (signal: string) => boolean;
  readonly #channel: Channel;

  /** `onSignal` is called when another isolate has heard a signal; it returns whether the program here handles that signal. */
  constructor(onSignal: (signal: string) => boolean) {
    this.#onSignal = onSignal;
    const { BroadcastChannel } = builtin<{ BroadcastChannel: new (name: string) => Channel }>("node:worker_threads");
    this.#channel = new BroadcastChannel("@kymo/kymo ends");
    this.#channel.onmessage = ({ data }) => this.#receive(data as Message);
    this.#channel.unref();
    this.#post({ kind: "hello", from: this.#id });
  }

  /** Tells the others of a signal. */
  tell(signal: string): void {
    this.#post({ kind: "signal", from: this.#id, signal });
  }

  /** Tells the others of a signal; resolves, once all are done, to whether the program handles it in one of them. */
  async ask(signal: string): Promise<boolean> {
    const silent = new Set(this.#ids);
    if (silent.size === 0) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const answer = (about: string, from: string, handled: boolean): void => {
      if (about !== signal) return;
      silent.delete(from);
      if (handled || silent.size === 0) resolve(handled);
    };
    this.#answers.add(answer);
    const timer = setTimeout(() => resolve(false), PATIENCE);
    this.tell(signal);
    const handled = await promise;
    clearTimeout(timer);
    this.#answers.delete(answer);
    // Who did not answer may have been terminated; if it lives, its answer comes late.
    if (!handled) { for (const id of silent) this.#ids.delete(id); }
    return handled;
  }

  /** Tells the others not to count on this isolate any more. */
  leave(): void {
    this.#post({ kind: "bye", from: this.#id });
  }

  /** Leaves for good. */
  close(): void {
    this.leave();
    this.#channel.close();
  }

  #post(message: Message): void {
    try {
      this.#channel.postMessage(message);
    } catch {
      // It is closed. Nothing may be thrown into a program that ends.
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
