import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readSpool } from "../../../mod.ts";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { parse } from "yaml";
import { parseBytes } from "../../../src/quantities.ts";
import { OF_COMMANDS, OUTGOING, VARIABLES } from "../../../src/recording/environment.ts";
import { cannotServePostgres, PostgresServer } from "../../support/stores/postgres_server.ts";
import { ask } from "../../support/process/http_client.ts";
import { countByLabel, csvFiles, readRows } from "../../support/process/recorded_rows.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { until } from "../../support/wait.ts";
import { cannotRunPods, Pod, type PodSpec, type RunningContainer } from "./pod.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const manifest = parse(readFileSync(`${root}examples/kubernetes/deployment.yaml`, "utf8"));
const spec: PodSpec = manifest.spec.template.spec;
const [sidecar] = spec.initContainers;
const [service] = spec.containers;

describe("examples/kubernetes/deployment.yaml", () => {
  it("is valid by the schema of the Kubernetes API", () => {
    new Deployment(manifest).validate();
    const wrong = structuredClone(manifest);
    wrong.spec.template.spec.containers[0].env[0].name = 1;
    assertThrows(() => new Deployment(wrong).validate(), Error, "containers/0/env/0/name must be string");
  });

  it("has only fields that the API has", () => {
    using scratch = scratchDirectory();
    /** What the compiler says about a manifest, whose fields it knows by the same schema. */
    const problemsOf = (deployment: unknown): string => {
      const code = `import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";\n` +
        `export const deployment: IDeployment = ${JSON.stringify(deployment)};\n`;
      writeFileSync(scratch.at("manifest.ts"), code);
      const options = { module: "preserve", noEmit: true, skipLibCheck: true, strict: true, types: [] };
      const paths = { "*": [`${root}node_modules/*`] };
      writeFileSync(scratch.at("tsconfig.json"), JSON.stringify({ compilerOptions: { ...options, paths } }));
      return spawnSync(`${root}node_modules/.bin/tsc`, ["-p", scratch.path], { encoding: "utf8" }).stdout;
    };
    assertEquals(problemsOf(manifest), "");
    const wrong = structuredClone(manifest);
    wrong.spec.template.spec.containers[0].securityContext.readOnlyRootFileSystem = true;
    assertMatch(problemsOf(wrong), /readOnlyRootFileSystem.* does not exist in type 'ISecurityContext'/);
  });

  it("has a volume with more room than the files may take, and variables that Kymo knows", () => {
    const variables = Object.fromEntries(service!.env!.map(({ name, value }) => [name, value]));
    assert(parseBytes(spec.volumes[0]!.emptyDir.sizeLimit)! > parseBytes(variables["KYMO_MAX_BYTES"]!)!);
    const known = [...Object.values(VARIABLES).map(({ name }) => name), OUTGOING.name, ...OF_COMMANDS];
    const own = [service!, sidecar!].flatMap(({ env = [] }) => env.map(({ name }) => name))
      .filter((name) => name.startsWith("KYMO_"));
    assertEquals(own.filter((name) => !known.includes(name)), []);
  });

  it("has a native sidecar, users who differ and who are not root, and read-only file systems", () => {
    assertEquals([sidecar!.restartPolicy, service!.restartPolicy], ["Always", undefined]);
    const [one, other] = [sidecar!, service!].map(({ securityContext }) => securityContext);
    assert(one!.runAsUser > 0 && other!.runAsUser > 0 && one!.runAsUser !== other!.runAsUser);
    assertEquals([one!.readOnlyRootFilesystem, other!.readOnlyRootFilesystem], [true, true]);
  });
});

describe("the pod of examples/kubernetes", { skip: cannotRunPods() || cannotServePostgres() }, () => {
  /** Requests for orders; each is two observations. */
  const REQUESTS = 20;

  /** Sends requests to a service, once it listens, and waits until each is recorded. Returns its port. */
  async function askForOrders(app: RunningContainer, volume: string): Promise<number> {
    const port = await portOf(app);
    for (let id = 0; id < REQUESTS; id++) assertEquals((await ask(port, `/orders/${id}`)).status, 200);
    const spools = readdirSync(`${volume}/.spools`).filter((name) => name.startsWith("duration."));
    await until(() =>
      spools.flatMap((name) => readSpool(`${volume}/.spools/${name}`).observations).length === 2 * REQUESTS
    );
    return port;
  }

  /** The port that a service says. */
  async function portOf({ child, ended }: RunningContainer): Promise<number> {
    let text = "";
    const said = new Promise<number>((resolve) => {
      child.stdout.on("data", (data) => {
        text += data;
        const [, port] = /port (\d+)/.exec(text) ?? [];
        if (port !== undefined) resolve(Number(port));
      });
    });
    return await Promise.race([
      said,
      ended.then((end): never => {
        throw new Error(`the service has ended: ${JSON.stringify(end)}`);
      }),
    ]);
  }

  /** Starts the pod's sidecar, before the service, as a kubelet does. It ships to the server. */
  async function startSidecar(pod: Pod): Promise<RunningContainer> {
    const helper = pod.start(sidecar!);
    await until(() => existsSync(`${pod.volume}/.ship`));
    return helper;
  }

  /** Makes a pod whose secret is the address of a server. */
  const makePod = (directory: string, server: PostgresServer): Pod =>
    new Pod(spec, directory, "orders-7d9f", { "orders-telemetry/store": server.url });

  /**
   * Checks that all rows are in files, that nothing else is left, and that the database has the same
   * rows.
   */
  function assertComplete(volume: string, server: PostgresServer): void {
    const counts = { "/orders/:id [GET]": REQUESTS, "read order": REQUESTS };
    assertEquals(countByLabel(volume, "duration"), counts);
    const ofRuntime = readRows(volume, "runtime");
    assert(ofRuntime > 0);
    const shipped = server.query("SELECT label, count(*) FROM kymo.duration GROUP BY label ORDER BY label");
    assertEquals(Object.fromEntries(shipped.map(([label, count]) => [label, Number(count)])), counts);
    assertEquals(server.value("SELECT count(*) FROM kymo.runtime"), String(ofRuntime));
    assertEquals(server.query("SELECT DISTINCT service, instance FROM kymo.duration"), [["orders", "orders-7d9f"]]);
    assertEquals(existsSync(`${volume}/.spools`), false);
    for (const name of readdirSync(volume).filter((name) => !name.startsWith("."))) {
      const { mode, gid } = statSync(`${volume}/${name}`);
      assertEquals([name, mode & 0o777, gid], [name, 0o660, spec.securityContext.fsGroup]);
    }
  }

  /** The one program record. */
  function recordIn(volume: string): Record<string, unknown> & { readonly end: { readonly how: string } } {
    const [name = "", ...more] = readdirSync(volume).filter((name) => name.startsWith("program."));
    assertEquals(more, []);
    return JSON.parse(readFileSync(`${volume}/${name}`, "utf8"));
  }

  it("lets each container write to the volume alone, as its user, the first process of its own", async () => {
    using scratch = scratchDirectory();
    const pod = new Pod(spec, scratch.path, "orders-7d9f");
    const script = "for place in / /usr /app /tmp /telemetry; do touch $place/written 2>/dev/null && echo $place; done";
    for (const container of [sidecar!, service!]) {
      const args = ["-c", `${script}; id -u; id -G; echo $$; cat /proc/sys/kernel/hostname; rm /telemetry/written`];
      await using shell = pod.start({ ...container, command: ["sh"], args });
      const { runAsUser, runAsGroup } = container.securityContext;
      const groups = [runAsGroup, spec.securityContext.fsGroup].join(" ");
      assertEquals((await shell.ended).stdout.split("\n"), [
        "/telemetry",
        `${runAsUser}`,
        groups,
        "1",
        "orders-7d9f",
        "",
      ]);
    }
  });

  it("is switched from the sidecar, and has shipped all rows when a kubelet has ended it in order", async () => {
    using scratch = scratchDirectory();
    await using server = await PostgresServer.start();
    const pod = makePod(scratch.path, server);
    const { volume } = pod;
    await using helper = await startSidecar(pod);
    await using app = pod.start(service!, { PORT: "0" });
    const port = await askForOrders(app, volume);

    // The sidecar's container, another PID namespace and another user, may switch the service.
    await using off = pod.start({ ...sidecar!, name: "switch", command: ["kymo"], args: ["off", "/telemetry"] });
    const switched = await off.ended;
    assertEquals([switched.code, switched.stderr], [0, ""]);
    assertMatch(switched.stdout, /^ *1 +orders .* off, by \.control$/m);
    assertEquals((await ask(port, "/orders/1")).status, 200);

    app.signal("SIGTERM");
    const end = await app.ended;
    helper.signal("SIGTERM");
    const { code, stdout, stderr } = await helper.ended;
    assertEquals([end.code, end.stderr, code, stderr], [0, "", 0, ""]);
    const [, flushed, recorded] = /Stopped: (\d+) of (\d+) observations are in files/.exec(end.stdout)!;
    assertEquals(flushed, recorded);
    assertMatch(stdout, new RegExp(`exactly once: ${recorded} rows .*\\.$`, "m"));
    assertComplete(volume, server);
    const { pid, name, instance, host, attributes, end: { how } } = recordIn(volume);
    assertEquals({ pid, name, instance, host, attributes, how }, {
      pid: 1,
      name: "orders",
      instance: "orders-7d9f",
      host: "orders-7d9f",
      attributes: { namespace: "shop", node: "node-1" },
      how: "stop",
    });
  });

  it("ships all rows when the service was killed: the sidecar, another user, recovers them", async () => {
    using scratch = scratchDirectory();
    await using server = await PostgresServer.start();
    const pod = makePod(scratch.path, server);
    const { volume } = pod;
    await using helper = await startSidecar(pod);
    await using app = pod.start(service!, { PORT: "0" });
    await askForOrders(app, volume);
    app.signal("SIGKILL");
    await app.ended;
    assertEquals(countByLabel(volume, "duration"), {});
    helper.signal("SIGTERM");
    const { code, stdout, stderr } = await helper.ended;
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /exactly once: \d+ rows .*\.$/m);
    assertComplete(volume, server);
    const [file = ""] = csvFiles(volume, "duration");
    assertEquals(statSync(`${volume}/${file}`).uid, sidecar!.securityContext.runAsUser);
    assertEquals(recordIn(volume).end.how, "killed");
  });
});
