import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import {
  type StandardStream,
  streamAbilities,
  type TerminalEnvironment,
} from "../../../../src/cli/terminal/stream_abilities.ts";

const terminal: StandardStream = { isTTY: true, columns: 80, rows: 24 };
const xterm: TerminalEnvironment = { term: "xterm-256color", isWindows: false };
const plain = { movesCursor: false, hasColors: false, columns: undefined, rows: undefined };
const all = { movesCursor: true, hasColors: true, columns: 80, rows: 24 };

describe("what may be written to a stream", () => {
  it("is everything in a terminal of known kind and size", () => {
    assertEquals(streamAbilities(terminal, xterm), all);
  });

  it("is plain text of any length in a file or pipe", () => {
    for (const isTTY of [false, undefined]) assertEquals(streamAbilities({ ...terminal, isTTY }, xterm), plain);
  });

  it("is plain text of any length in a terminal without a size", () => {
    const sizes = [{ columns: 0, rows: 0 }, { columns: 0 }, { rows: 0 }, { columns: undefined, rows: undefined }];
    for (const size of [...sizes, { columns: NaN }]) {
      assertEquals(streamAbilities({ ...terminal, ...size }, xterm), plain, JSON.stringify(size));
    }
  });

  it("is plain text of any length in a dumb terminal, and in one of unknown kind", () => {
    for (const term of ["dumb", "unknown", "", undefined]) {
      assertEquals(streamAbilities(terminal, { ...xterm, term }), plain, term);
    }
  });

  it("is everything in a terminal on Windows, where TERM is not set", () => {
    assertEquals(streamAbilities(terminal, { isWindows: true }), all);
  });

  it("has no colours if NO_COLOR is set, but to the empty text", () => {
    for (const noColor of ["1", "0", "false"]) {
      assertEquals(streamAbilities(terminal, { ...xterm, noColor }), { ...all, hasColors: false });
    }
    assertEquals(streamAbilities(terminal, { ...xterm, noColor: "" }), all);
  });

  it("is found without a look at the environment if it is no terminal", () => {
    const environment: TerminalEnvironment = {
      get term(): string {
        throw new Error("asked for a permission");
      },
      isWindows: false,
    };
    assertEquals(streamAbilities({ isTTY: false }, environment), plain);
  });
});
