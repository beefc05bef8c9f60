import type { MonitoringDirectory } from "../files/directory.ts";
import { type Liveness, pathOf, ProgramOwners } from "../files/liveness.ts";
import { type ProcessId, processKey, programFileName } from "../files/names.ts";
import { type ProgramRecord, readProgramRecord } from "../files/program_record.ts";
import { matchesLabel } from "../label_pattern.ts";
import type { Timers } from "../runtime.ts";
import { type Answer, readAnswer } from "./answer_file.ts";
import { isTarget, type Target } from "./control_file.ts";

/** ms between looks for answers. */
const LOOK_INTERVAL = 50;

/** A program that records into a directory, or may. */
export interface AskedProgram {
  readonly id: ProcessId;
  /** `"unknown"` if it cannot be told, as where files cannot be locked. */
  readonly liveness: Exclude<Liveness, "dead">;
  /** Who it is; absent if its record is gone or cannot be read. */
  readonly record?: ProgramRecord;
  /** Its latest answer. */
  readonly answer?: Answer;
  /** Whether that is the answer that was waited for. */
  readonly hasAnswered: boolean;
}

/** What asking needs. */
export interface AskDeps {
  readonly directory: MonitoringDirectory;
  readonly timers: Timers;
  /** ms of a monotonic clock. */
  readonly now: () => number;
}

/**
 * The programs that live and are meant, each with its answer, as soon as all have answered; or after
 * `patience` ms. Those that end meanwhile are left out.
 */
export async function askPrograms(
  { directory, timers, now }: AskDeps,
  target: Target,
  isAnswer: (answer: Answer) => boolean,
  patience: number,
): Promise<AskedProgram[]> {
  const deadline = now() + patience;
  for (;;) {
    const programs = livingPrograms(directory, target, isAnswer);
    if (programs.every(({ hasAnswered }) => hasAnswered) || now() >= deadline) return programs;
    await timers.sleep(LOOK_INTERVAL);
  }
}

/** The programs that live, or may, and are meant, with what they have answered. Does not throw. */
export function livingPrograms(
  directory: MonitoringDirectory,
  target: Target = {},
  isAnswer: (answer: Answer) => boolean = () => true,
): AskedProgram[] {
  const owners = new ProgramOwners(directory);
  return owners.processes.flatMap((id) => {
    const record = recordOf(directory, id);
    const isMeant = isTarget(target, id, (pattern) => record !== undefined && matchesLabel(pattern, record.name));
    if (!isMeant || record?.end !== undefined) return [];
    const liveness = owners.liveness(id);
    if (liveness === "dead") return [];
    const answer = answerOf(directory, id);
    const hasAnswered = answer !== undefined && isAnswer(answer);
    return [{ id, liveness, ...record && { record }, ...answer && { answer }, hasAnswered }];
  });
}

/** The key of a program, by which two lists are compared. */
export function keyOf({ id }: AskedProgram): string {
  return processKey(id);
}

function recordOf(directory: MonitoringDirectory, id: ProcessId): ProgramRecord | undefined {
  try {
    const record = readProgramRecord(directory.files, directory.pathOf(programFileName(id)));
    return record.ok ? record.value : undefined;
  } catch {
    return undefined; // it may not be read
  }
}

function answerOf(directory: MonitoringDirectory, id: ProcessId): Answer | undefined {
  try {
    const answer = readAnswer(directory.files, pathOf(directory, id, "answer"));
    return answer.ok ? answer.value : undefined;
  } catch {
    return undefined; // it may not be read
  }
}
