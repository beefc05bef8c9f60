import { describe, it } from "node:test";
import { assertEquals, assertThrows, fail } from "@std/assert";
import { Command, CommanderError } from "commander";
import {
  addSelectionOptions,
  boundsOf,
  selectionOf,
  type SelectionOptions,
} from "../../../../src/cli/input/options.ts";
import { KymoError } from "../../../../src/errors.ts";

/** Parses arguments to options. */
function parse(...args: string[]): SelectionOptions {
  const command = addSelectionOptions(new Command().exitOverride().configureOutput({ writeErr: () => {} }));
  return command.parse(args, { from: "user" }).opts();
}

const range = { first: 1_000n, last: 2_000n };

describe("selection options", () => {
  it("select everything by default, without reading the time of the recording", async () => {
    assertEquals(await selectionOf(parse(), () => Promise.reject(new Error("looked"))), {});
  });

  it("may be repeated", async () => {
    const options = parse("--label", "a*", "--pid", "1", "--label", "b", "--pid", "2");
    assertEquals(await selectionOf(options, () => Promise.reject(new Error("looked"))), {
      labels: ["a*", "b"],
      pids: [1, 2],
    });
  });

  it("take times, also those that begin with a minus", async () => {
    const options = parse("--from", "-500ns", "--to", "1700000000000000000");
    assertEquals(await selectionOf(options, () => Promise.resolve(range)), {
      from: 1_500n,
      to: 1_700_000_000_000_000_000n,
    });
    assertEquals(await selectionOf(parse("--to=+1us"), () => Promise.resolve(range)), { to: 2_000n });
  });

  it("select nothing of an empty recording", async () => {
    assertEquals(await selectionOf(parse("--from", "+1s"), () => Promise.resolve(undefined)), { from: 1_000_000_000n });
  });

  it("refuse invalid values", () => {
    for (const pid of ["x", "-1", "1.5", "", "1e3", "9007199254740993"]) {
      assertThrows(() => parse("--pid", pid), CommanderError, "whole number");
    }
    assertThrows(() => parse("--from", "yesterday"), KymoError, "--from must be a time");
    assertThrows(() => parse("--to", "5"), KymoError, "--to must be a time");
  });
});

describe("boundsOf", () => {
  const boundsFor = (...args: string[]) => boundsOf(parse(...args), () => range);

  it("gives absolute times as they are, without estimating the time of the recording", () => {
    const options = parse("--from", "1700000000000000000", "--to", "1700000000000000001");
    assertEquals(boundsOf(options, () => fail("looked")), {
      from: 1_700_000_000_000_000_000n,
      to: 1_700_000_000_000_000_001n,
    });
    assertEquals(boundsOf(parse("--label", "a"), () => fail("looked")), {});
  });

  it("keeps the first row for times relative to the beginning, and the last for times relative to the end", () => {
    assertEquals(boundsFor("--from", "-500ns"), { from: 1_500n });
    assertEquals(boundsFor("--to=+1us"), { to: 2_000n });
    assertEquals(boundsFor("--from", "+500ns"), {});
    assertEquals(boundsFor("--to", "-500ns"), {});
    assertEquals(boundsFor("--from", "-500ns", "--to", "-100ns"), { from: 1_500n });
    assertEquals(boundsFor("--from", "-500ns", "--to", "+900ns"), {});
    assertEquals(boundsFor("--from", "+500ns", "--to", "1700000000000000000"), { to: 1_700_000_000_000_000_000n });
  });

  it("gives no bounds if the time of the recording is unknown", () => {
    assertEquals(boundsOf(parse("--from", "-500ns", "--to", "-1ns"), () => undefined), {});
  });
});
