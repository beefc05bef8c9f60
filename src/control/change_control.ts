import { fileError, KymoError, quotePath } from "../errors.ts";
import { accessLike, type MonitoringDirectory, release, unless, unlessGone, writeAll } from "../files/directory.ts";
import { CONTROL_FILE } from "../files/names.ts";
import type { Clock, FileHandle, Timers } from "../runtime.ts";
import {
  type Control,
  type ControlRequest,
  type ControlRule,
  encodeControl,
  MAX_CONTROL_BYTES,
  MAX_REQUESTS,
  MAX_RULES,
  NO_CONTROL,
  readControl,
} from "./control_file.ts";

/** Permission bits of the control file: programs of any user follow it. */
const CONTROL_MODE = 0o644;

/** ms between attempts while another command changes the file. */
const RETRY = 20;

/** ms after which a file of a command that was killed while it changed the control file is removed. */
const STALE = 10_000;

/** What changing the control file needs. */
export interface ControlDeps {
  readonly directory: MonitoringDirectory;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Draws eight random hexadecimal digits. */
  readonly newId: () => string;
}

/**
 * Changes the control file, and publishes it whole. What has ended is left out. Of two commands at
 * once, one waits for the other: the temporary file, which must not exist, is also their lock.
 *
 * @throws {KymoError} if the file is damaged, there are too many rules, or the disk refuses.
 */
export async function changeControl(
  { directory, clock, timers, newId }: ControlDeps,
  change: (control: Control) => Pick<Control, "rules" | "requests">,
): Promise<Control> {
  const path = directory.pathOf(CONTROL_FILE);
  const temporary = directory.temporaryPathOf(CONTROL_FILE);
  const { files } = directory;
  try {
    const handle = await create(directory, timers);
    try {
      const there = readControl(files, path);
      if (!there.ok && there.kind !== "gone") {
        const why = `${there.reason}: remove it, and all record again as their options say`;
        throw new KymoError("invalid-data", `Cannot change: ${quotePath(path)}: ${why}`);
      }
      const now = clock.epoch();
      const before = there.ok ? withoutEnded(there.value, now) : NO_CONTROL;
      const control = { ...change(before), id: newId(), generation: before.generation + 1 };
      checkSize(control, path);
      writeAll(handle, encodeControl(control));
      if (directory.syncs) handle.sync();
      release(handle);
      files.rename(temporary, path);
      return control;
    } catch (error) {
      release(handle);
      unlessGone(() => files.remove(temporary));
      throw error;
    }
  } catch (error) {
    throw error instanceof KymoError ? error : fileError("Cannot change", path, error);
  }
}

/**
 * The rules with one more. What it makes meaningless goes: all others if it is about everything and
 * has no end, and otherwise those without an end that are about the same.
 */
export function withRule(rules: readonly ControlRule[], rule: ControlRule): ControlRule[] {
  const { record: _record, until, ...about } = rule;
  if (until !== undefined) return [...rules, rule];
  if (Object.keys(about).length === 0) return [rule];
  const isSame = ({ record: _other, until, ...other }: ControlRule): boolean =>
    until === undefined && JSON.stringify(sorted(other)) === JSON.stringify(sorted(about));
  return [...rules.filter((other) => !isSame(other)), rule];
}

/** The requests with one more; the oldest go if there are too many. */
export function withRequest(requests: readonly ControlRequest[], request: ControlRequest): ControlRequest[] {
  return [...requests, request].slice(-MAX_REQUESTS);
}

function sorted(fields: object): [string, unknown][] {
  return Object.entries(fields).sort(([one], [other]) => one < other ? -1 : 1);
}

function withoutEnded(control: Control, now: bigint): Control {
  return {
    ...control,
    rules: control.rules.filter(({ until }) => until === undefined || until > now),
    requests: control.requests.filter(({ until }) => until > now),
  };
}

function checkSize(control: Control, path: string): void {
  const isSmall = control.rules.length <= MAX_RULES && encodeControl(control).length <= MAX_CONTROL_BYTES;
  if (isSmall) return;
  const why = `it has ${control.rules.length} rules: "kymo on DIR" without more replaces them all`;
  throw new KymoError("limit-exceeded", `Cannot change: ${quotePath(path)}: ${why}`);
}

/** Creates the temporary file, once no other command has it. */
async function create(directory: MonitoringDirectory, timers: Timers): Promise<FileHandle> {
  const { files } = directory;
  const temporary = directory.temporaryPathOf(CONTROL_FILE);
  const there = files.status(directory.pathOf(CONTROL_FILE));
  const access = there?.kind === "file" ? accessLike(there) : directory.fileAccess;
  directory.ensure();
  for (let waited = 0;; waited += RETRY) {
    const mode = access.mode | CONTROL_MODE;
    const handle = unless("EEXIST", () => directory.createFile(temporary, { ...access, mode }));
    if (handle !== undefined) return handle;
    if (waited >= STALE) {
      unlessGone(() => files.remove(temporary)); // of a command that was killed
      waited = 0;
    }
    await timers.sleep(RETRY);
  }
}
