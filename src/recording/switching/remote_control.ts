import {
  type Answer,
  encodeAnswer,
  MAX_ANSWERED,
  type RecordingState,
  type RequestAnswer,
} from "../../control/answer_file.ts";
import { type Control, type ControlRequest, isTarget, NO_CONTROL, readControl } from "../../control/control_file.ts";
import { matchesLabel } from "../../label_pattern.ts";
import { type Identity, RecordingRules } from "../../control/recording_rules.ts";
import { fileError, KymoError, quotePath, reason } from "../../errors.ts";
import { replaceFileAt } from "../../files/atomic_file.ts";
import type { MonitoringDirectory } from "../../files/directory.ts";
import { pathOf, removeProgramFiles } from "../../files/liveness.ts";
import { CONTROL_FILE, temporaryPathBeside } from "../../files/names.ts";
import type { Clock } from "../../runtime.ts";
import { NANOSECONDS_PER_SECOND } from "../../series.ts";

/** Requests that are remembered as dealt with. */
const MAX_KNOWN = 256;

/** What a {@linkcode RemoteControl} needs. */
export interface RemoteControlDeps {
  readonly directory: MonitoringDirectory;
  readonly clock: Clock;
  readonly me: Identity;
  /** Whether everything is recorded where no rule says otherwise. */
  readonly byDefault: boolean;
  /** Called with each failure. Must not throw. */
  readonly report: (error: KymoError) => void;
  /** Called with the rules when they change. */
  readonly follow: (rules: RecordingRules) => void;
  /** Does what is asked; resolves with what became of it. Never rejects. */
  readonly serve: (request: ControlRequest) => Promise<Omit<RequestAnswer, "id">>;
  /** What the answer tells besides. */
  readonly tell: () => {
    readonly recording: RecordingState;
    readonly offSince: bigint | undefined;
    readonly counts: Readonly<Record<string, number>>;
    readonly lastError: KymoError | undefined;
    /** When that happened, monotonic ns. */
    readonly lastErrorAt: number;
  };
}

/**
 * Follows the control file of the monitoring directory, and answers. It only looks when it is
 * called: on a timer, and when a buffer is full, since a busy loop turns no timers. To look takes
 * some µs. No method throws.
 */
export class RemoteControl {
  readonly #deps: RemoteControlDeps;
  readonly #path: string;
  #control: Control = NO_CONTROL;
  #rules: RecordingRules;
  /** What the control file looked like when it was read. */
  #seen: string | undefined;
  /** What was wrong with it, so that it is reported once. */
  #wrong: string | undefined;
  readonly #known = new Set<string>();
  #answers: RequestAnswer[] = [];
  #hasAnswered = false;
  /** Whether the last answer says that something is recorded, as is so without one. */
  #saysOn = true;
  #hasEnded = false;
  /** Rows recorded by the last two looks, and when these were, ns. */
  #earlier = { at: 0, recorded: 0 };
  #latest = { at: 0, recorded: 0 };

  /** Looks at nothing yet. */
  constructor(deps: RemoteControlDeps) {
    this.#deps = deps;
    this.#path = deps.directory.pathOf(CONTROL_FILE);
    this.#rules = this.#rulesOf(NO_CONTROL);
  }

  /** The rules that it has read. */
  get rules(): RecordingRules {
    return this.#rules;
  }

  /** Looks whether the control file is another one, or a rule has ended. */
  check(): void {
    if (this.#hasEnded) return;
    const control = this.#read();
    const { firstEnd } = this.#rules;
    if (control === undefined && (firstEnd === undefined || this.#deps.clock.epoch() < firstEnd)) return;
    this.#control = control ?? this.#control;
    this.#rules = this.#rulesOf(this.#control);
    const { id, requests } = this.#control;
    this.#deps.follow(this.#rules);
    this.#serveAll(requests);
    if (id !== "" || this.#hasAnswered) this.answer();
  }

  /**
   * To be called about once a second: notes how much was recorded, for the rate. Answers unasked that
   * nothing is recorded, or something again: who comes later may not find the row that says so, since
   * its file was compacted or deleted.
   */
  tick(): void {
    const { recording, counts } = this.#deps.tell();
    if (recording.on !== this.#saysOn) this.answer();
    this.#earlier = this.#latest;
    this.#latest = { at: this.#deps.clock.now(), recorded: counts["recorded"] ?? 0 };
  }

  /** Writes the answer. */
  answer(): void {
    if (this.#hasEnded) return;
    const { directory, clock, me, tell, report } = this.#deps;
    const { lastError, lastErrorAt, offSince, ...told } = tell();
    this.#saysOn = told.recording.on;
    const at = clock.epoch();
    const errorAt = at - BigInt(Math.round(clock.now() - lastErrorAt));
    const answer: Answer = {
      control: this.#control.id,
      at,
      ...told,
      ...offSince === undefined ? {} : { offSince },
      rate: this.#rate(told.counts["recorded"] ?? 0),
      ...lastError === undefined ? {} : { lastError: lastError.message, lastErrorAt: errorAt },
      requests: this.#answers,
    };
    const path = pathOf(directory, me, "answer");
    try {
      const bytes = encodeAnswer(answer);
      directory.makeInPrograms(() => replaceFileAt(directory, path, temporaryPathBeside(path, "new"), bytes));
      this.#hasAnswered = true;
    } catch (error) {
      report(fileError("Cannot answer to the control file", path, error));
    }
  }

  /** Looks no more, and removes the answer. */
  end(): void {
    this.#hasEnded = true;
    this.withdraw();
  }

  /** Removes the answer; the next one is written as usual. */
  withdraw(): void {
    if (this.#hasAnswered) removeProgramFiles(this.#deps.directory, this.#deps.me, ["answer"]);
    this.#saysOn = true;
  }

  /** Goes on after {@linkcode RemoteControl.end}: the program has survived its end. */
  goOn(): void {
    this.#hasEnded = false;
    if (this.#hasAnswered) this.answer();
  }

  /** The control file, if it is another one than before; `undefined` also if it cannot be read. */
  #read(): Control | undefined {
    const { files, path } = this.#deps.directory;
    try {
      if (files.denied(path) !== undefined) return undefined;
      const status = files.status(this.#path);
      const seen = status && `${status.identity} ${status.size} ${status.modified}`;
      if (seen === this.#seen) return undefined;
      this.#seen = seen;
      if (status === undefined) return NO_CONTROL;
      const control = readControl(files, this.#path);
      if (control.ok) {
        this.#wrong = undefined;
        return control.value;
      }
      if (control.kind === "gone") return NO_CONTROL;
      this.#report(new KymoError("invalid-data", `Cannot follow: ${quotePath(this.#path)}: ${control.reason}`));
    } catch (error) {
      this.#report(fileError("Cannot follow", this.#path, error));
    }
    return undefined;
  }

  #report(error: KymoError): void {
    if (this.#wrong === error.message) return;
    this.#wrong = error.message;
    this.#deps.report(error);
  }

  #rulesOf(control: Control): RecordingRules {
    const { me, clock, byDefault } = this.#deps;
    return new RecordingRules(control, me, clock.epoch(), byDefault);
  }

  #serveAll(requests: readonly ControlRequest[]): void {
    const { me, clock } = this.#deps;
    const matches = (pattern: string): boolean => matchesLabel(pattern, me.name);
    for (const request of requests) {
      if (this.#known.has(request.id) || !isTarget(request, me, matches) || request.until < clock.epoch()) continue;
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      this.#known.add(request.id);
      this.#serve(request);
    }
  }

  #serve(request: ControlRequest): void {
    const { id } = request;
    this.#note({ id, state: "running" });
    this.#deps.serve(request).then(
      (outcome) => this.#note({ id, ...outcome }),
      (error) => this.#note({ id, state: "refused", reason: reason(error) }),
    ).then(() => this.answer());
  }

  #note(answer: RequestAnswer): void {
    this.#answers = [...this.#answers.filter(({ id }) => id !== answer.id), answer].slice(-MAX_ANSWERED);
  }

  #rate(recorded: number): number {
    const since = this.#earlier.at > 0 ? this.#earlier : this.#latest;
    const seconds = (this.#deps.clock.now() - since.at) / NANOSECONDS_PER_SECOND;
    return since.at === 0 || seconds <= 0 ? 0 : Math.round((recorded - since.recorded) / seconds);
  }
}
