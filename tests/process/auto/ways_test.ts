import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:http2";
import { request } from "node:https";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildPreload } from "../../../tools/build_preload.ts";
import { ask } from "../../support/process/http_client.ts";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { commandOf, spawnCommand, type Spawned, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { app, AUTO, disposable, ports, preloaded, preloadedCommand } from "./preloaded.ts";

const onBun = thisRuntime === "bun" ? false : "only on Bun";
const [runtime = ""] = commandOf(thisRuntime, "");

/** Waits for a program that asks itself, and checks that both answers are recorded. */
async function assertRecorded({ ended }: Spawned, directory: string): Promise<void> {
  const { code, stdout, stderr } = await ended;
  assertEquals({ code, stdout, stderr }, { code: 0, stdout: "own\nnode\n", stderr: "" });
  assertEquals(countByLabel(directory, "duration"), { "/text [GET]": 2 });
}

describe("an unchanged program is recorded", () => {
  const command = [runtime, app("asks_itself"), "0"];

  it("by BUN_OPTIONS", { skip: onBun }, async () => {
    using scratch = scratchDirectory();
    const env = { KYMO_DIR: scratch.at("rows"), BUN_OPTIONS: `--preload ${AUTO}` };
    await assertRecorded(spawnCommand(command, { env }), scratch.at("rows"));
  });

  it("by the bunfig.toml of its directory", { skip: onBun }, async () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("bunfig.toml"), `preload = [${JSON.stringify(AUTO)}]\n`);
    const env = { KYMO_DIR: scratch.at("rows") };
    await assertRecorded(spawnCommand(command, { cwd: scratch.path, env }), scratch.at("rows"));
  });

  it("by --import", { skip: onBun }, async () => {
    using scratch = scratchDirectory();
    const [bun, ...rest] = command;
    const env = { KYMO_DIR: scratch.at("rows") };
    await assertRecorded(spawnCommand([bun!, "--import", AUTO, ...rest], { env }), scratch.at("rows"));
  });

  /** An entry that is imported first of all, and then the program. */
  const entryOf = (path: string): void =>
    writeFileSync(path, `import ${JSON.stringify(AUTO)};\nimport ${JSON.stringify(app("asks_itself"))};\n`);

  it("by an import before all others", async () => {
    using scratch = scratchDirectory();
    entryOf(scratch.at("entry.ts"));
    const env = { KYMO_DIR: scratch.at("rows") };
    await assertRecorded(
      spawnCommand(commandOf(thisRuntime, scratch.at("entry.ts"), ["0"]), { env }),
      scratch.at("rows"),
    );
  });

  it("by the file that JSR publishes, in workers too", async () => {
    using scratch = scratchDirectory();
    const published = scratch.at("auto/kymo_auto.js");
    mkdirSync(scratch.at("auto"));
    await buildPreload(fileURLToPath(new URL("../../../", import.meta.url)), published);
    const asPublished = (file: string, args: readonly string[]): string[] =>
      preloadedCommand(thisRuntime, file, args).map((word) => word.replace(AUTO, published));
    const env = { KYMO_DIR: scratch.at("rows") };
    await assertRecorded(spawnCommand(asPublished(app("asks_itself"), ["0"]), { env }), scratch.at("rows"));
    await using server = disposable(spawnCommand(asPublished(app("workers"), []), { env }));
    for (const port of await ports(server)) assertEquals((await ask(port, "/worker")).text, "worker");
    server.kill("SIGTERM");
    await server.ended;
    assertEquals(countByLabel(scratch.at("rows"), "duration")["/worker [GET]"], 2);
  });

  it("as a bundle with that import", async () => {
    using scratch = scratchDirectory();
    entryOf(scratch.at("entry.ts"));
    const [bun = ""] = commandOf("bun", "");
    const target = `--target=${thisRuntime === "bun" ? "bun" : "node"}`;
    execFileSync(bun, ["build", scratch.at("entry.ts"), target, "--external=bun", "--outfile", scratch.at("app.js")]);
    const env = { KYMO_DIR: scratch.at("rows") };
    await assertRecorded(
      spawnCommand(commandOf(thisRuntime, scratch.at("app.js"), ["0"]), { env }),
      scratch.at("rows"),
    );
  });

  it("as a compiled program with that import", { skip: onBun }, async () => {
    using scratch = scratchDirectory();
    entryOf(scratch.at("entry.ts"));
    execFileSync(runtime, ["build", "--compile", scratch.at("entry.ts"), "--outfile", scratch.at("app")], {
      stdio: "ignore",
    });
    const env = { KYMO_DIR: scratch.at("rows") };
    await assertRecorded(spawnCommand([scratch.at("app"), "0"], { env }), scratch.at("rows"));
  });

  it("once, however often bun --hot evaluates it", { skip: onBun }, async () => {
    using scratch = scratchDirectory();
    const entry = scratch.at("server.ts");
    const source = readFileSync(app("hot_server"), "utf8");
    const save = (number: number): void => writeFileSync(entry, source.replace("SAVE", `save ${number}`));
    save(0);
    const hot = [runtime, "--hot", "--preload", AUTO, entry];
    await using server = disposable(spawnCommand(hot, { env: { KYMO_DIR: scratch.at("rows") } }));
    const [port = 0] = await ports(server);
    let asked = 0;
    for (let saved = 1; saved <= 3; saved++) {
      save(saved);
      do asked++; while ((await ask(port, "/hot")).text !== `save ${saved}`);
    }
    server.kill("SIGTERM");
    await server.ended;
    assertEquals(countByLabel(scratch.at("rows"), "duration"), { "/hot [GET]": asked });
    assertEquals(readdirSync(scratch.at("rows")).filter((name) => name.startsWith("program.")).length, 1);
  });

  it("on node:http2", async () => {
    using scratch = scratchDirectory();
    await using server = preloaded(thisRuntime, app("node_http"), scratch.at("rows"));
    const [, port] = await ports(server);
    const session = connect(`http://127.0.0.1:${port}`);
    for (const path of ["/text", "/failed", "/orders/17"]) {
      await new Promise<void>((resolve, reject) => {
        const stream = session.request({ ":path": path });
        stream.on("error", reject).on("close", resolve).resume().end();
      });
    }
    session.destroy();
    server.kill("SIGTERM");
    await server.ended;
    assertEquals(countByLabel(scratch.at("rows"), "duration"), {
      "/text [GET]": 1,
      "/failed [GET] 5xx": 1,
      "/orders/:id [GET]": 1,
    });
  });

  it("on node:https", async () => {
    using scratch = scratchDirectory();
    const files = ["-keyout", scratch.at("key"), "-out", scratch.at("certificate")];
    const subject = ["-subj", "/CN=localhost", "-days", "1", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    execFileSync("openssl", ["req", "-x509", "-nodes", ...subject, ...files], { stdio: "ignore" });
    await using server = preloaded(thisRuntime, app("secure"), scratch.at("rows"), { args: [scratch.path] });
    const [port = 0] = await ports(server);
    const options = { port, host: "127.0.0.1", path: "/secret", rejectUnauthorized: false };
    await new Promise<void>((resolve, reject) =>
      request(options, (response) => void response.resume().on("end", resolve)).on("error", reject).end()
    );
    server.kill("SIGTERM");
    await server.ended;
    assertEquals(countByLabel(scratch.at("rows"), "duration"), { "/secret [GET] 4xx": 1 });
  });
});
