import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { runCommandLine } from "../../../../../src/cli/command_line.ts";
import type { Network } from "../../../../../src/cli/context.ts";
import { KymoError } from "../../../../../src/errors.ts";
import { fakeCliContext } from "../../../../support/fake/cli_context.ts";

/** Runs `kymo load`. No connection may be asked for. */
async function load(...args: string[]) {
  const context = fakeCliContext({
    network: (): Promise<Network> => Promise.reject(new Error("nothing is sent")),
    readFile(path: string): Uint8Array {
      if (path === "empty") return new Uint8Array();
      throw new KymoError("not-found", `Cannot read the file: "${path}": no such file or directory`);
    },
  });
  const code = await runCommandLine(["load", ...args], context);
  return { code, stdout: context.stdout.text, stderr: context.stderr.text };
}

describe("kymo load, with arguments that are wrong", () => {
  const wrong: Readonly<Record<string, RegExp>> = {
    "": /^Cannot load: no URL is given\n$/,
    "ftp://a": /^Cannot load: "ftp:\/\/a": only URLs of http: and https: can be loaded\n$/,
    "a --rate 0": /'0' is invalid. It must be a number from 0.001 to 1000000, requests per second.\n$/,
    "a --rate fast": /'fast' is invalid. It must be a number/,
    "a --rate 1e3": /'1e3' is invalid. It must be a number/,
    "a --duration 10": /'10' is invalid. It must be more than 0 and at most 1 d, with a unit/,
    "a --duration 0s": /'0s' is invalid. It must be more than 0/,
    "a --duration 25h": /'25h' is invalid. It must be more than 0 and at most 1 d/,
    "a --requests 0": /'0' is invalid. It must be a whole number of at least 1.\n$/,
    "a --connections 0": /'0' is invalid. It must be a whole number from 1 to 10000.\n$/,
    "a --connections 10001": /'10001' is invalid. It must be a whole number from 1 to 10000.\n$/,
    "a --timeout x": /'x' is invalid. It must be more than 0/,
    "a --warm-up x": /'x' is invalid. It must be a length of time of at most a day, such as 5s.\n$/,
    "a -X G(T": /'G\(T' is invalid. It is not a method.\n$/,
    "a -H x": /'x' is invalid. A header must be Name: value.\n$/,
    "a -H Content-Length:1": /'Content-Length:1' is invalid. This header cannot be set.\n$/,
    "a -d @nowhere": /^Cannot read the file: "nowhere": no such file or directory\n$/,
    "--targets nowhere": /^Cannot read the file: "nowhere": no such file or directory\n$/,
    "--targets empty": /^Cannot load: "empty": there is no URL in it\n$/,
    "a --name \n": /^Cannot load: name must be 1 to 128 characters, none of them control characters: "\\n"\n$/,
    "a --pipeline": /unknown option '--pipeline'/,
  };
  for (const [text, message] of Object.entries(wrong)) {
    it(`refuses ${JSON.stringify(text)}`, async () => {
      const { code, stdout, stderr } = await load(...text === "" ? [] : text.split(" "));
      assertEquals({ code, stdout }, { code: 2, stdout: "" });
      assertMatch(stderr, message);
    });
  }
});
