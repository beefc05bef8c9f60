import { after, before, describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { build, type Format, stop as stopEsbuild } from "esbuild";
import { closeBrowser, openBrowser } from "../../support/process/browser.ts";
import { missing } from "../../support/process/system_tools.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** The entries that a program imports, bundled for browsers: that resolves no module of a runtime. */
async function bundle(format: Format): Promise<string> {
  const contents = ["mod", "src/http/mod", "src/core"].map((entry) => `export * from "./${entry}.ts";`).join("\n");
  const { outputFiles: [file] } = await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    bundle: true,
    write: false,
    platform: "browser",
    format,
    globalName: "kymo",
    logLevel: "error",
  });
  return file!.text;
}

/** Calls everything on the namespace `kymo`, and returns what that gave, as JSON. */
const CALLS = `(async () => {
  const request = { url: "http://localhost/a", method: "GET", headers: { get() {} } };
  const seen = {};
  {
    const id = kymo.startDurationSample();
    kymo.stopDurationSample("work", id);
    const timed = kymo.time("block");
    timed[Symbol.dispose]();
    seen.id = id;
  }
  seen.timeIt = kymo.timeIt("sum")((a, b) => a + b)(1, 2);
  kymo.observe("queue length", 17);
  kymo.observeMany([["a", 1], ["b", 2]]);
  kymo.channel("sales").observe("price", 12.5);
  seen.handler = await kymo.timeHandler((given) => given === request && "response")(request);
  seen.server = await kymo.timeServer({ fetch: () => "response" }).fetch(request);
  seen.route = await kymo.timeRoutes({ "/a": () => "response" })["/a"](request);
  seen.listener = kymo.timeListener((given) => given === request && "listened")(request);
  kymo.nameRequest(request, "/a");
  await kymo.flush();
  await kymo.stop();
  const { running, recorded, errors } = kymo.status();
  seen.status = { running, recorded, errors };
  try {
    kymo.start({ monitoringDir: "_monitoring", withRuntime: true });
  } catch ({ name, code, message }) {
    seen.start = { name, code, message };
  }
  return JSON.stringify(seen);
})()`;

/** What the calls give on a runtime of which this is the name. */
function expected(runtime: string): unknown {
  const why = "only Deno, Bun and Node from 22.3 on have the files, the process and the exit hooks that it needs";
  return {
    id: 0,
    timeIt: 3,
    handler: "response",
    server: "response",
    route: "response",
    listener: "listened",
    status: { running: false, recorded: 0, errors: 0 },
    start: { name: "KymoError", code: "unsupported", message: `Cannot run Kymo: ${runtime}: ${why}` },
  };
}

describe("on an unknown runtime importing does nothing, calls do nothing, and start says what is missing", () => {
  const skip = missing("chromium");
  let script = "";
  let module = "";
  before(async () => {
    script = await bundle("iife");
    module = await bundle("esm");
    await stopEsbuild();
  });
  after(closeBrowser);

  it("with nothing but ECMAScript", async () => {
    const context = createContext(Object.create(null));
    runInContext(script, context);
    assertEquals(Object.keys(context), ["kymo"]);
    assertEquals(JSON.parse(await runInContext(CALLS, context)), expected("unknown runtime"));
  });

  it("in a browser", { skip }, async () => {
    const page = await (await openBrowser()).newPage();
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", ({ message }) => complaints.push(message));
    const [userAgent, seen] = await page.evaluate(async ([module, calls]) => {
      const url = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
      Object.assign(globalThis, { kymo: await import(url) });
      return [navigator.userAgent, await (0, eval)(calls)] as [string, string];
    }, [module, CALLS] as [string, string]);
    await page.close();
    assertEquals(JSON.parse(seen), expected(userAgent));
    assertEquals(complaints, []);
  });
});
