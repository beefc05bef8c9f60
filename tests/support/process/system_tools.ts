import { spawnSync } from "node:child_process";
import process from "node:process";

/** The Debian packages of the tools that a small system lacks. */
const PACKAGES: Readonly<Record<string, string>> = {
  strace: "strace",
  faketime: "faketime",
  "clickhouse-server": "clickhouse-server",
  losetup: "mount",
  mount: "mount",
  nsenter: "util-linux",
  postgres: "postgresql",
  promtool: "prometheus",
  setpriv: "util-linux",
  unshare: "util-linux",
  "mkfs.ext4": "e2fsprogs",
  "mkfs.xfs": "xfsprogs",
};

/**
 * Installs the packages given; the lists of packages are fetched only where there is none that will
 * do.
 */
const INSTALL = `
  export DEBIAN_FRONTEND=noninteractive
  install() { apt-get install -y -qq --no-install-recommends "$@" </dev/null; }
  install "$@" || { apt-get update -qq && install "$@"; }
`;

/** Only one program at a time may install; the others wait, and then find that it is done. */
const LOCK = "/var/lock/kymo-faults.lock";

/** Folders of system tools, also for users whose PATH lacks them. */
const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;

function isThere(tool: string): boolean {
  return spawnSync("sh", ["-c", 'command -v "$0"', tool], { env: { ...process.env, PATH } }).status === 0;
}

/**
 * Sees that tools of the system are there, and installs what is missing where this is a Debian that
 * we may change. Returns `false`, or the reason to skip a test that needs them.
 */
export function missing(...tools: readonly string[]): string | false {
  if (process.platform !== "linux") return "the faults are made by tools of Linux";
  process.env["PATH"] = PATH;
  const absent = tools.filter((tool) => !isThere(tool));
  if (absent.length === 0) return false;
  const packages = [...new Set(absent.map((tool) => PACKAGES[tool] ?? tool))];
  spawnSync("flock", [LOCK, "sh", "-c", INSTALL, "sh", ...packages], { stdio: "ignore" });
  const still = absent.filter((tool) => !isThere(tool));
  return still.length === 0 ? false : `this system has no ${still.join(", ")}, and it could not be installed`;
}

/** As {@linkcode missing} for strace; also a reason where tracing is not permitted. */
export function cannotTrace(): string | false {
  const reason = missing("strace");
  if (reason !== false) return reason;
  const { status } = spawnSync("strace", ["-f", "-qq", "-o", "/dev/null", "true"], { stdio: "ignore" });
  return status === 0 ? false : "this system does not permit tracing";
}
