/**
 * Writes messages of Protocol Buffers: the few kinds of fields that metrics need. A field whose value is
 * the default is written all the same where its presence means something.
 *
 * @module
 */

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;

const encoder = new TextEncoder();

/** The largest number whose bits can be shifted. */
const UINT32 = 2 ** 32;

/** A message that is being written. */
export class ProtobufWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** The bytes written. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** A whole number from 0 to 2^53. */
  uint(field: number, value: number): this {
    return this.#tag(field, VARINT).#varint(value);
  }

  /** A whole number of 32 bits with a sign, zigzag. */
  sint(field: number, value: number): this {
    return this.uint(field, zigzag(value));
  }

  fixed64(field: number, value: bigint): this {
    this.#tag(field, FIXED64).#reserve(8);
    this.#view.setBigUint64(this.#length, value, true);
    this.#length += 8;
    return this;
  }

  double(field: number, value: number): this {
    this.#tag(field, FIXED64).#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
    return this;
  }

  string(field: number, text: string): this {
    return this.#block(field, encoder.encode(text.toWellFormed()));
  }

  /** A message, which `write` fills in. */
  message(field: number, write: (message: ProtobufWriter) => void): this {
    const message = new ProtobufWriter();
    write(message);
    return this.#block(field, message.#bytes.subarray(0, message.#length));
  }

  /** Whole numbers from 0 to 2^53, packed. */
  packedUints(field: number, values: Iterable<number>): this {
    return this.#packed(field, values, (packed, value) => packed.#varint(value));
  }

  /** Whole numbers with a sign, zigzag, packed. */
  packedSints(field: number, values: Iterable<number>): this {
    return this.#packed(field, values, (packed, value) => packed.#varint(zigzag(value)));
  }

  packedFixed64(field: number, values: Iterable<number>): this {
    return this.#packed(field, values, (packed, value) => {
      packed.#reserve(8);
      packed.#view.setBigUint64(packed.#length, BigInt(value), true);
      packed.#length += 8;
    });
  }

  packedDoubles(field: number, values: Iterable<number>): this {
    return this.#packed(field, values, (packed, value) => {
      packed.#reserve(8);
      packed.#view.setFloat64(packed.#length, value, true);
      packed.#length += 8;
    });
  }

  /** A message with its length before it, as in a stream of messages. */
  delimited(message: ProtobufWriter): this {
    this.#varint(message.#length);
    return this.#append(message.#bytes.subarray(0, message.#length));
  }

  #packed(field: number, values: Iterable<number>, put: (packed: ProtobufWriter, value: number) => void): this {
    const packed = new ProtobufWriter();
    for (const value of values) put(packed, value);
    return this.#block(field, packed.#bytes.subarray(0, packed.#length));
  }

  #block(field: number, bytes: Uint8Array): this {
    return this.#tag(field, LENGTH).#varint(bytes.length).#append(bytes);
  }

  #append(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  #tag(field: number, type: number): this {
    return this.#varint(field * 8 + type);
  }

  #varint(value: number): this {
    this.#reserve(10);
    let rest = value;
    for (; rest >= UINT32; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = rest % 128 | 0x80;
    for (; rest > 0x7f; rest >>>= 7) this.#bytes[this.#length++] = rest & 0x7f | 0x80;
    this.#bytes[this.#length++] = rest;
    return this;
  }

  #reserve(length: number): void {
    if (this.#length + length <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * this.#bytes.length + length);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}
