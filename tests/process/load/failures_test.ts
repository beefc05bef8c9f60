import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer as createSecureServer } from "node:https";
import { createServer, type Socket } from "node:net";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { count, listening, load, startKymo } from "./load_command.ts";

/** What a bare server does with a request, by its path. */
const ANSWERS: Readonly<Record<string, (socket: Socket) => void>> = {
  "/fine": (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
  "/interim": (socket) => socket.write("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
  "/until-close": (socket) => void socket.end("HTTP/1.0 500 Oh\r\n\r\nas long as it lasts"),
  "/resets": (socket) => void socket.resetAndDestroy(),
  "/leaves": (socket) => void socket.end(),
  "/cut": (socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this"),
  "/garbage": (socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n"),
  "/twice": (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".repeat(2)),
  "/never": () => {},
};

/** What becomes of a request, by its path. */
const OUTCOMES: Readonly<Record<string, string>> = {
  "/until-close": " 5xx",
  "/resets": " threw",
  "/leaves": " threw",
  "/cut": " threw",
  "/garbage": " threw",
  "/never": " aborted",
};

describe("kymo load, of servers that fail", () => {
  it("sends each request once, and records what became of it", async () => {
    using scratch = scratchDirectory();
    const seen: Record<string, number> = {};
    await using served = await listening(createServer((socket) => {
      let text = "";
      socket.on("error", () => {});
      socket.on("data", (bytes: Uint8Array) => {
        text += new TextDecoder().decode(bytes);
        for (let at; (at = text.indexOf("\r\n\r\n")) >= 0; text = text.slice(at + 4)) {
          const [, path = ""] = text.split(" ");
          count(seen, path);
          ANSWERS[path]!(socket);
        }
      });
    }));
    const paths = Object.keys(ANSWERS);
    const urls = paths.map((path) => served.host + path);
    const args = [...urls, "--rate", "400", "-n", String(20 * paths.length), "-c", "20", "--timeout", "200ms"];
    const json = await load(scratch.at("monitoring"), args);
    assertEquals(seen, Object.fromEntries(paths.map((path) => [path, 20])));
    assertEquals(
      countByLabel(scratch.at("monitoring"), "client"),
      Object.fromEntries(paths.map((path) => [`${served.host}${path} [GET]${OUTCOMES[path] ?? ""}`, 20])),
    );
    assertEquals(json.answered, 80);
    assertEquals(json.failures, { "reset": 60, "invalid answer": 20, "timed out": 20 });
  });

  it("says that nobody answered, with exit code 1", async () => {
    using scratch = scratchDirectory();
    const { host } = await (async () => {
      await using served = await listening(createServer());
      return { host: served.host };
    })();
    const stderr = /^Cannot load: http:\/\/127\.0\.0\.1:\d+: nobody answered: refused\n$/;
    const json = await load(scratch.at("rate"), [host, "--rate", "500", "-n", "50"], { code: 1, stderr });
    assertEquals([json.outcomes["threw"], json.failures], [50, { refused: 50 }]);
    const closed = await load(scratch.at("closed"), [host, "-n", "30", "-c", "10"], { code: 1, stderr });
    assertEquals([closed.requests, closed.failures], [30, { refused: 30 }]);
  });

  it("goes on when the server comes back", async () => {
    using scratch = scratchDirectory();
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", () => ANSWERS["/fine"]!(socket));
    });
    let host: string;
    {
      await using served = await listening(server);
      ({ host } = served);
    }
    const loading = load(scratch.at("monitoring"), [host, "--rate", "400", "-n", "200", "-c", "4"]);
    await new Promise((resolve) => setTimeout(resolve, 400));
    await new Promise<void>((resolve) => server.listen(Number(host.split(":")[1]), "127.0.0.1", resolve));
    const { answered, failures } = await loading;
    await new Promise((resolve) => server.close(resolve));
    assertEquals(answered + (failures["refused"] ?? 0), 200);
    assert(answered > 0);
  });

  it("speaks TLS, and takes a certificate that nobody vouches for only if told", async () => {
    using scratch = scratchDirectory();
    const files = ["-keyout", scratch.at("key"), "-out", scratch.at("certificate")];
    const subject = ["-subj", "/CN=localhost", "-days", "1", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    execFileSync("openssl", ["req", "-x509", "-nodes", ...subject, ...files], { stdio: "ignore" });
    const read = (name: string): string => readFileSync(scratch.at(name), "utf8");
    let requests = 0;
    await using served = await listening(createSecureServer(
      { key: read("key"), cert: read("certificate") },
      (_, response) => {
        requests++;
        response.end("secret");
      },
    ));
    const args = [`https://${served.host}/`, "-n", "20", "-c", "2"];
    const insecure = await load(scratch.at("insecure"), [...args, "-k"]);
    assertEquals([insecure.answered, requests], [20, 20]);
    const refused = await load(scratch.at("refused"), args, { code: 1, stderr: /^Cannot load: .*CERT.*\n$/ });
    assertEquals([refused.outcomes["threw"], requests], [20, 20]);
  });

  it("asks nobody if it cannot record", async () => {
    using scratch = scratchDirectory();
    let connections = 0;
    await using served = await listening(createServer(() => void connections++));
    writeFileSync(scratch.at("file"), "");
    const { code, stdout, stderr } = await startKymo(["load", served.host, "--dir", scratch.at("file")]).ended;
    assertEquals([stdout, connections], ["", 0]);
    assertMatch(stderr, /^Cannot [^\n]*file": [^\n]*\n$/);
    assert(code === 1 || code === 2, `exit code ${code}`);
  });
});
