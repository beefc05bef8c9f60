import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { runCommandLine } from "../../../src/cli/command_line.ts";
import { fakeCliContext } from "../../support/fake/cli_context.ts";
import { missing } from "../../support/process/system_tools.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

/** What `kymo completion` prints for a shell. */
async function scriptFor(shell: string): Promise<string> {
  const context = fakeCliContext({});
  assertEquals([await runCommandLine(["completion", shell], context), context.stderr.text], [0, ""]);
  return context.stdout.text;
}

function outputOf(command: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  assertEquals(stderr, "");
  return stdout;
}

const LINES: readonly [words: readonly string[], expected: readonly string[]][] = [
  [["kymo", "su"], ["summary"]],
  [["kymo", "pr"], ["profile", "prune"]],
  [["kymo", "sq"], ["sql"]],
  [["kymo", "pl"], ["plot"]],
  [["kymo", "top", "_monitoring", "--so"], ["--sort"]],
  [["kymo", "top", "_monitoring", "--sort", "p"], ["p50", "p99"]],
  [["kymo", "completion", "z"], ["zsh"]],
  [["kymo", "help", "exp"], ["export"]],
];

describe("kymo completion", () => {
  it(
    "completes commands, options and values in bash, and leaves all else to files",
    { skip: missing("bash") },
    async () => {
      using scratch = scratchDirectory();
      const path = scratch.at("kymo.bash");
      writeFileSync(path, await scriptFor("bash"));
      const lines = [...LINES, [["kymo", "summary", "_mon"], []] as const];
      const asked = lines.map(([words]) =>
        `COMP_WORDS=(${words.join(" ")}); COMP_CWORD=${words.length - 1}; _kymo; echo "\${COMPREPLY[@]}"`
      );
      const output = outputOf("bash", ["-c", `set -u; source '${path}'; complete -p kymo; ${asked.join("; ")}`]);
      const [registered, ...found] = output.split("\n").slice(0, -1);
      assertEquals(registered, "complete -o default -F _kymo kymo");
      assertEquals(found, lines.map(([, expected]) => expected.join(" ")));
    },
  );

  it("completes the same in fish", { skip: missing("fish") }, async () => {
    using scratch = scratchDirectory();
    const path = scratch.at("kymo.fish");
    writeFileSync(path, await scriptFor("fish"));
    for (const [words, expected] of LINES) {
      const output = outputOf("fish", ["--no-config", "-c", `source '${path}'; complete -C '${words.join(" ")}'`]);
      assertEquals(output.split("\n").slice(0, -1).map((line) => line.split("\t")[0]!), [...expected], words.join(" "));
    }
  });

  it("is registered in zsh, which can read all of it", { skip: missing("zsh") }, async () => {
    using scratch = scratchDirectory();
    const path = scratch.at("_kymo");
    writeFileSync(path, await scriptFor("zsh"));
    const line = `autoload -Uz compinit; compinit -D; source '${path}'; print $_comps[kymo]; functions _kymo`;
    const output = outputOf("zsh", ["-f", "-c", line]);
    assert(output.startsWith("_kymo\n"), output);
    assert(output.includes("--sort[order of the series]:BY:(rate p50 p99 max label)"), output);
  });
});
