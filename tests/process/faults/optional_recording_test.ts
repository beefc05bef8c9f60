import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { canMount, withSmallDisk } from "../../support/disks/mounted_tmpfs.ts";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { commandOf, spawnCommand, type Spawned, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const FIXTURE = fileURLToPath(new URL("./fixtures/optional_recorder.ts", import.meta.url));

const skip = !canMount() && "this system lets us mount no disk";

/** The lines that a program has printed, as JSON. */
async function lines({ ended }: Spawned): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await ended;
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return stdout.trim().split("\n").map((line) => JSON.parse(line));
}

describe("an optional recording", () => {
  it("begins on a read-only disk, and writes its rows once the disk can be written", { skip }, async () => {
    using scratch = scratchDirectory();
    const disk = scratch.at("disk");
    mkdirSync(disk);
    const readOnly = ["sh", "-c", 'mount -o remount,ro "$0" && exec "$@"', disk];
    const command = [...withSmallDisk(disk), ...readOnly, ...commandOf(thisRuntime, FIXTURE, [`${disk}/monitoring`])];
    const program = spawnCommand(command);
    await program.said(/"buffered"/);
    const pid = String(program.child.pid);
    const remount = ["--target", pid, "--mount", "mount", "-o", "remount,rw", disk];
    assertEquals(spawnSync("nsenter", remount, { stdio: "inherit" }).status, 0);
    const [begun, ended] = await lines(program);
    assertEquals([begun?.running, begun?.buffered], [true, 1]);
    assert((begun?.errors as string[]).every((code) => code === "io"), `${begun?.errors}`);
    assert((begun?.errors as string[]).length > 0, "nothing was reported");
    assertEquals(ended, { flushed: 1, dropped: 0 });
  });

  it("begins below a directory that is not there yet and may not be made", async () => {
    using scratch = scratchDirectory();
    const place = scratch.at("file");
    spawnSync("touch", [place]);
    const directory = `${place}/monitoring`;
    const program = spawnCommand(commandOf(thisRuntime, FIXTURE, [directory]));
    await program.said(/"buffered"/);
    spawnSync("rm", [place]);
    const [begun, ended] = await lines(program);
    assertEquals([begun?.running, begun?.buffered], [true, 1]);
    assertEquals(ended, { flushed: 1, dropped: 0 });
    assertEquals(countByLabel(directory, "custom"), { x: 1 });
  });
});
