/**
 * A pod, as a kubelet runs it from a manifest: each container the PID 1 of its own namespace, on a
 * read-only file system with the volume of the pod, as its own user, and in the group of the volume.
 */

import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, realpathSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { childrenOf } from "../../support/process/containers.ts";
import { commandOf, spawnCommand, type Spawned, thisRuntime } from "../../support/process/run.ts";
import { missing } from "../../support/process/system_tools.ts";

/** The part of a container in a manifest that is acted out. */
export interface ContainerSpec {
  readonly name: string;
  readonly command: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?:
      | { readonly fieldRef: { readonly fieldPath: string } }
      | { readonly secretKeyRef: { readonly name: string; readonly key: string } };
  }[];
  readonly restartPolicy?: string;
  readonly securityContext: {
    readonly runAsUser: number;
    readonly runAsGroup: number;
    readonly readOnlyRootFilesystem: boolean;
  };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

/** The part of a pod that is acted out. */
export interface PodSpec {
  readonly securityContext: { readonly fsGroup: number };
  readonly volumes: readonly { readonly name: string; readonly emptyDir: { readonly sizeLimit: string } }[];
  readonly initContainers: readonly ContainerSpec[];
  readonly containers: readonly ContainerSpec[];
}

const repository = fileURLToPath(new URL("../../../", import.meta.url));

/** Where the image has the repository and the files of the example. */
const REPOSITORY = "/repository";
const APP = `${REPOSITORY}/examples/kubernetes/`;

/** The command that stands for `bun` in the image: the runtime of this test. */
const RUNTIME = ["/image/runtime", ...commandOf(thisRuntime, "").slice(1, -1)];

/**
 * Makes the file system of a container, read-only but for its volume, and goes on as its command.
 * The folders of the system are those of this machine.
 */
const RUN = `
set -e
root=$1 repository=$2 volume=$3 mountPath=$4 host=$5 user=$6 group=$7 fsGroup=$8
shift 8
mount -t tmpfs -o mode=755 image "$root"
cd "$root"
for name in bin sbin lib lib32 lib64 usr etc; do
  if [ -L "/$name" ]; then cp -P "/$name" "$name"
  elif [ -d "/$name" ]; then
    mkdir "$name"
    mount --bind "/$name" "$name"
    mount -o remount,bind,ro "$name"
  fi
done
mkdir -p dev proc image/deno ".$mountPath" .${REPOSITORY}
mount --rbind /dev dev
mount -t proc proc proc
mount --bind "$repository" .${REPOSITORY}
mount -o remount,bind,ro .${REPOSITORY}
touch image/runtime
mount --bind "$RUNTIME" image/runtime
printf '#!/bin/sh\\nexec ${RUNTIME.join(" ")} ${REPOSITORY}/src/cli/main.ts "$@"\\n' > image/kymo
chmod 755 image/kymo
mount --bind "$volume" ".$mountPath"
mount -o remount,ro "$root"
echo "$host" > /proc/sys/kernel/hostname
exec chroot --userspec="$user:$group" --groups="$fsGroup" . "$@"
`;

const NAMESPACES = ["--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child"];

/**
 * Why there can be no pods here; `false` if there can. A reason is also printed, since this is the
 * only test that shows what a pod does.
 */
export function cannotRunPods(): string | false {
  const reason = whyNot();
  if (reason !== false) console.error(`SKIPPED: the test with a pod: ${reason}`);
  return reason;
}

function whyNot(): string | false {
  if (process.getuid?.() !== 0) return "only root may run containers with users of their own";
  const reason = missing("unshare", "mount");
  if (reason !== false) return reason;
  const { status } = spawnSync("unshare", [...NAMESPACES, "mount", "-t", "tmpfs", "test", "/mnt"], { stdio: "ignore" });
  return status === 0 ? false : "this system does not permit namespaces and mounts";
}

/** A container that runs. Disposing kills it. */
export interface RunningContainer extends Spawned, AsyncDisposable {
  /** Sends its PID 1 a signal. */
  signal(signal: NodeJS.Signals): void;
}

/** A pod of a manifest. */
export class Pod {
  /** The volume, as the node sees it. */
  readonly volume: string;
  readonly #spec: PodSpec;
  readonly #directory: string;
  readonly #name: string;
  readonly #secrets: Readonly<Record<string, string>>;

  /**
   * Makes the volume, below `directory`, with the owner and the bits that a kubelet gives it.
   * `secrets`: by name and key, such as `database/password`.
   */
  constructor(spec: PodSpec, directory: string, name: string, secrets: Readonly<Record<string, string>> = {}) {
    this.#spec = spec;
    this.#directory = directory;
    this.#name = name;
    this.#secrets = secrets;
    this.volume = `${directory}/volume`;
    mkdirSync(this.volume);
    chownSync(this.volume, 0, spec.securityContext.fsGroup);
    chmodSync(this.volume, 0o2770);
  }

  /** Starts a container, with more variables than its manifest gives. */
  start(container: ContainerSpec, more: Readonly<Record<string, string>> = {}): RunningContainer {
    const { name, command, args = [], securityContext, volumeMounts } = container;
    const root = `${this.#directory}/${name}`;
    mkdirSync(root);
    const { runAsUser, runAsGroup } = securityContext;
    const mountPath = volumeMounts[0]!.mountPath;
    const where = [root, repository, this.volume, mountPath, this.#name];
    const who = [runAsUser, runAsGroup, this.#spec.securityContext.fsGroup].map(String);
    const variables = Object.entries({ ...this.#variablesOf(container), ...more }).map((pair) => pair.join("="));
    const [program = "", ...words] = [...command, ...args].map((word) => word.replace(/^\/app\//, APP));
    const environment = ["env", "-i", "PATH=/image:/usr/local/bin:/usr/bin:/bin", "DENO_DIR=/image/deno", ...variables];
    // Not as an argument: of that Deno makes `deno run`.
    const env = { RUNTIME: realpathSync(commandOf(thisRuntime, "")[0]!) };
    const spawned = spawnCommand([
      ...["unshare", ...NAMESPACES, "sh", "-c", RUN, "sh", ...where, ...who],
      ...[...environment, ...program === "bun" ? RUNTIME : [program], ...words],
    ], { env });
    const signal = (signal: NodeJS.Signals): void => {
      for (const pid of childrenOf(spawned.child.pid!)) process.kill(pid, signal);
    };
    let hasEnded = false;
    void spawned.ended.finally(() => hasEnded = true);
    return {
      ...spawned,
      signal,
      [Symbol.asyncDispose]: async () => {
        // Who becomes another user no longer dies with its parent.
        if (!hasEnded) signal("SIGKILL");
        await spawned.ended;
      },
    };
  }

  /** The variables of a container, with `$(NAME)` replaced by those before. */
  #variablesOf({ env = [] }: ContainerSpec): Record<string, string> {
    const fields: Record<string, string> = { "metadata.namespace": "shop", "spec.nodeName": "node-1" };
    const variables: Record<string, string> = { HOSTNAME: this.#name };
    for (const { name, value, valueFrom } of env) {
      const from = valueFrom === undefined || "fieldRef" in valueFrom
        ? fields[valueFrom?.fieldRef.fieldPath ?? ""]
        : this.#secrets[`${valueFrom.secretKeyRef.name}/${valueFrom.secretKeyRef.key}`];
      const text = value ?? from ?? "";
      variables[name] = text.replace(/\$\((\w+)\)/g, (whole, named) => variables[named] ?? whole);
    }
    return variables;
  }
}
