import { Buffer } from "node:buffer";
import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * What a proxy does to a connection:
 *
 * - `cutAfter`: closes it when so many bytes of the client were passed on.
 * - `delay`: passes everything on that many ms late.
 * - `atCommit`: `"cut before"` closes it instead of passing COMMIT on, `"cut after"` right after that, `"swallow"`
 *   passes no answer on any more and leaves it open.
 * - `atMessage`: calls `meet` before the message with that number of the client is passed on, or after.
 * - `isDeaf`: accepts it, and never answers.
 */
export interface Fault {
  readonly cutAfter?: number;
  readonly delay?: number;
  readonly atCommit?: "cut before" | "cut after" | "swallow";
  readonly atMessage?: { readonly number: number; readonly when: "before" | "after"; readonly meet: () => void };
  readonly isDeaf?: boolean;
}

/** What the client says of a simple query: its letter, its length, the statement. */
const COMMIT = Buffer.from("Q\0\0\0\x0bCOMMIT\0", "latin1");

/** A TCP proxy before a PostgreSQL server that does harm. Disposing closes all connections. */
export class FaultyProxy implements AsyncDisposable {
  /** What is done to the next connections; their number counts from 1. */
  plan: (connection: number) => Fault = () => ({});
  /** Connections so far, and messages of the client on the last one: the greeting is the first. */
  connections = 0;
  messages = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number) {
    this.#server = createServer((client) => this.#serve(client, port));
  }

  /** A proxy before the server on that port of this machine. */
  static async start(port: number): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(port);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Closes the connections that are open now. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(client: Socket, port: number): void {
    const fault = this.plan(++this.connections);
    this.messages = 0;
    const server = fault.isDeaf ? undefined : connect(port, "127.0.0.1");
    const close = (): void => {
      client.destroy();
      server?.destroy();
    };
    for (const socket of server === undefined ? [client] : [client, server]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", close);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        close();
      });
    }
    if (server === undefined) {
      client.resume();
      return;
    }
    const later = (work: () => void): void => void (fault.delay === undefined ? work() : setTimeout(work, fault.delay));
    let passed = 0;
    let isMute = false;
    const messages = new MessageCounter();
    client.on("data", (bytes: Buffer) => {
      const left = (fault.cutAfter ?? Infinity) - passed;
      passed += bytes.length;
      const isCommit = bytes.includes(COMMIT);
      if (left < bytes.length || isCommit && fault.atCommit === "cut before") {
        server.write(bytes.subarray(0, Math.max(0, Math.min(left, isCommit ? 0 : bytes.length))), close);
        return;
      }
      const before = messages.count;
      messages.push(bytes);
      this.messages = messages.count;
      const { number = 0, when, meet } = fault.atMessage ?? {};
      const isMet = before < number && messages.count >= number;
      if (isMet && when === "before") return meet?.();
      if (isCommit && fault.atCommit === "swallow") isMute = true;
      later(() =>
        server.write(bytes, () => {
          if (isMet) meet?.();
          // The server reads what was sent before it sees that nobody is there any more.
          if (isCommit && fault.atCommit === "cut after") {
            client.destroy();
            server.end();
          }
        })
      );
    });
    server.on("data", (bytes: Buffer) => later(() => void (isMute || client.destroyed || client.write(bytes))));
  }
}

/** Counts the messages of a client, protocol 3.0: a letter, but of the first one; the length of the rest; the rest. */
class MessageCounter {
  count = 0;
  #skip = 0;
  #head: number[] = [];

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#skip > 0) {
        const some = Math.min(this.#skip, bytes.length - at);
        this.#skip -= some;
        at += some;
        continue;
      }
      this.#head.push(bytes[at++]!);
      const letter = this.count === 0 ? 0 : 1;
      if (this.#head.length < letter + 4) continue;
      this.#skip = Buffer.from(this.#head).readUInt32BE(letter) - 4;
      this.#head = [];
      this.count++;
    }
  }
}
