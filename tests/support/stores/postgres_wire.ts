import { Buffer } from "node:buffer";
import { connect, createServer, type Server, type Socket } from "node:net";

/** Bytes of the type and the length of a message. */
const HEADER_BYTES = 5;

/** The type of CopyData, by which the server sends a row: "d". */
const COPY_DATA = 0x64;

/**
 * Sits between a client and a PostgreSQL server, and counts the rows that the server sends by COPY and
 * all of its bytes.
 */
export class PostgresWire implements AsyncDisposable {
  /** Rows sent by COPY. */
  rows = 0;
  /** Bytes that the server has sent. */
  bytes = 0;
  /** Rows by COPY after which the connection is cut. */
  cutAfter = Infinity;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number) {
    this.#server = createServer((client) => {
      const server = connect(port, "127.0.0.1");
      const frames = new Frames();
      for (const [one, other] of [[client, server], [server, client]] as const) {
        this.#sockets.add(one);
        one.on("error", () => other.destroy());
        one.on("close", () => other.destroy());
      }
      client.on("data", (bytes) => void server.write(bytes));
      server.on("data", (bytes: Uint8Array) => {
        this.bytes += bytes.length;
        for (const type of frames.add(bytes)) if (type === COPY_DATA) this.rows++;
        if (this.rows < this.cutAfter) {
          if (client.write(bytes)) return;
          server.pause(); // who does not read makes the server wait
          return void client.once("drain", () => server.resume());
        }
        client.destroy();
        server.destroy();
      });
    });
  }

  /** Listens in front of the server on a port. */
  static async start(port: number): Promise<PostgresWire> {
    const wire = new PostgresWire(port);
    await new Promise<void>((resolve) => wire.#server.listen(0, "127.0.0.1", resolve));
    return wire;
  }

  /** The address of the server's database through this. */
  through(url: string): string {
    const address = new URL(url);
    address.port = String((this.#server.address() as { port: number }).port);
    return address.href;
  }

  /** Forgets what it has counted. */
  reset(): void {
    this.rows = 0;
    this.bytes = 0;
    this.cutAfter = Infinity;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** The messages in what a server sends. */
class Frames {
  #rest = Buffer.alloc(0);

  /** The types of the messages that are whole now. */
  *add(bytes: Uint8Array): Generator<number> {
    let data = Buffer.concat([this.#rest, bytes]);
    while (data.length >= HEADER_BYTES) {
      const end = 1 + data.readUInt32BE(1);
      if (data.length < end) break;
      yield data[0]!;
      data = data.subarray(end);
    }
    this.#rest = Buffer.from(data);
  }
}
