/** Bytes that a block holds without compression. */
const BLOCK = 0xffff;

/**
 * Wraps bytes as gzip (RFC 1952) without compressing them: for runtimes without `CompressionStream`,
 * which are Bun before 1.3.5. What reads gzip reads it.
 */
export function storedGzip(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const blocks = Math.max(1, Math.ceil(bytes.length / BLOCK));
  const file = new Uint8Array(10 + 5 * blocks + bytes.length + 8);
  const view = new DataView(file.buffer);
  file.set([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]); // deflate, no flags, no time, unknown system
  let at = 10;
  for (let i = 0; i < blocks; i++) {
    const block = bytes.subarray(i * BLOCK, (i + 1) * BLOCK);
    file[at] = i === blocks - 1 ? 1 : 0; // whether it is the last
    view.setUint16(at + 1, block.length, true);
    view.setUint16(at + 3, ~block.length, true);
    file.set(block, at + 5);
    at += 5 + block.length;
  }
  view.setUint32(at, crc32(bytes), true);
  view.setUint32(at + 4, bytes.length, true);
  return file;
}

function crc32(bytes: Uint8Array): number {
  const table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? rest >>> 1 ^ 0xedb88320 : rest >>> 1;
    return rest;
  });
  let crc = ~0;
  for (const byte of bytes) crc = crc >>> 8 ^ table[(crc ^ byte) & 255]!;
  return ~crc >>> 0;
}
