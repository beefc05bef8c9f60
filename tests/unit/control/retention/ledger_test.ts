import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Ledger, LEDGER_BYTES, memoryLedger, type Removable } from "../../../../src/control/retention/ledger.ts";

const files = (count: number): Removable[] =>
  Array.from({ length: count }, (_, i) => ({ name: `custom.1-0000000a-${i + 1}.csv`, size: 4096, time: 1_000 + i }));

describe("Ledger", () => {
  it("knows nothing when it is new", () => {
    const { state } = new Ledger(memoryLedger());
    assertEquals([state.counted, state.bytes, state.end], [0, 0, 0]);
  });

  it("lists files in their order, and remembers the position", () => {
    const bytes = memoryLedger();
    const ledger = new Ledger(bytes);
    ledger.state.bytes = 3 * 4096;
    ledger.replaceList(files(3), false);
    ledger.state.position = ledger.first()!.next;
    ledger.save();
    const again = new Ledger(bytes);
    assertEquals(again.first()?.file, files(3)[1]);
    assertEquals(again.between(0, again.state.position), files(1));
    assertEquals(again.between(0, again.state.end), files(3));
    assertEquals([again.state.bytes, again.state.generation, again.state.isCut], [3 * 4096, 1, false]);
  });

  it("has room for some 500 files, and says that others are left out", () => {
    const ledger = new Ledger(memoryLedger());
    ledger.replaceList(files(2_000), false);
    const { state } = ledger;
    assertEquals(state.isCut, true);
    assertEquals(state.end <= LEDGER_BYTES - 72, true);
    const listed = ledger.between(0, state.end);
    assertEquals(listed, files(2_000).slice(0, listed.length));
    assertEquals(listed.length > 500, true);
  });

  it("knows nothing if its program was killed while it wrote a new list", () => {
    const bytes = memoryLedger();
    const ledger = new Ledger(bytes);
    ledger.state.counted = 1;
    ledger.replaceList(files(3), false);
    let writes = 0;
    const dying = {
      ...bytes,
      writeAt: (part: Uint8Array, at: number): number => writes++ < 2 ? bytes.writeAt(part, at) : 0,
    };
    try {
      new Ledger(dying).replaceList(files(10), false);
    } catch {
      assertEquals(new Ledger(bytes).state.counted, 0);
    }
    assertEquals(writes, 3);
  });

  it("knows nothing if a byte of its header is another", () => {
    for (let at = 0; at < 68; at++) {
      const bytes = memoryLedger();
      const ledger = new Ledger(bytes);
      ledger.state.counted = 1;
      ledger.replaceList(files(3), false);
      const byte = new Uint8Array(1);
      bytes.readAt(byte, at);
      bytes.writeAt(Uint8Array.of(byte[0]! ^ 1), at);
      assertEquals(new Ledger(bytes).state.counted, 0);
    }
  });

  it("ends its list where a line is none of ours", () => {
    const bytes = memoryLedger();
    const ledger = new Ledger(bytes);
    ledger.replaceList(files(2), false);
    bytes.writeAt(new TextEncoder().encode("x"), 72);
    assertEquals(new Ledger(bytes).first(), undefined);
  });
});
