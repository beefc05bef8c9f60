/**
 * Options from the environment. For each option that a text can give there is one variable, `KYMO_…`.
 * What the program gives to `start` wins over the environment, and the environment over the defaults.
 *
 * The variables are those of the default monitor, which whoever deploys a program means. A `Monitor`
 * or channel of one's own takes only what says who records: with `KYMO_DIR` its rows would be mixed
 * with those of the default monitor, with `KYMO_MAX_AGE` they would be deleted, and with
 * `KYMO_RUNTIME` the process would be measured twice.
 *
 * @module
 */

import { KymoError, quote } from "../errors.ts";
import { parseBytes, parseTimeLength } from "../quantities.ts";
import type { Environment } from "../runtime.ts";
import { PLAIN_CHECKS, type PlainOption, type StartOptions } from "./options.ts";

/** A variable of the environment that stands for an option. */
export interface Variable {
  /** Its name. */
  readonly name: string;
  /** Another program's variable, which serves if this one is not set. */
  readonly otherwise?: string;
  /** How its text is read. */
  readonly format: Format;
  /** What it sets, for the documentation. */
  readonly about: string;
}

/** How the text of a variable is read. */
export interface Format {
  /** How it is written, for the documentation and for the messages about a text that cannot be read. */
  readonly form: string;
  /** The unit of what was read, for the messages about a value out of range. */
  readonly unit?: string;
  /** The value; `undefined` if the text has another form. */
  parse(text: string): unknown;
  /** A text that is read as this value. */
  write(value: unknown): string;
}

const plainText: Format = { form: "a text", parse: (text) => text, write: String };

/** One of the words that the check of the option knows. */
function oneOf(...words: readonly string[]): Format {
  return { ...plainText, form: words.join(" or ") };
}

const BOOLEANS: Readonly<Record<string, boolean>> = { 1: true, true: true, 0: false, false: false };

const flag: Format = {
  form: "1 or 0",
  parse: (text) => Object.hasOwn(BOOLEANS, text) ? BOOLEANS[text] : undefined,
  write: (value) => value === true ? "1" : "0",
};

const runtimeSampling: Format = {
  form: "1, 0 or while-blocked",
  parse: (text) => text === "while-blocked" ? { whileBlocked: true } : flag.parse(text),
  write: (value) => typeof value === "object" ? "while-blocked" : flag.write(value),
};

const outgoing: Format = {
  form: "1, 0 or body",
  parse: (text) => {
    const value = text === "body" ? text : flag.parse(text);
    return value === true ? "headers" : value;
  },
  write: (value) => value === "body" ? value : flag.write(value === "headers"),
};

const time: Format = {
  form: "ms, or a time such as 500ms, 10s, 1.5h or 7d",
  unit: "ms",
  parse: (text) => {
    const nanoseconds = parseTimeLength(/^\d+$/.test(text) ? `${text}ms` : text);
    return nanoseconds === undefined ? undefined : Number(nanoseconds) / 1e6;
  },
  write: (value) => `${value} ms`,
};

const size: Format = {
  form: "bytes, or a size such as 64MiB, 1.5GB or 512Mi",
  unit: "bytes",
  parse: parseBytes,
  write: (value) => `${value} B`,
};

const mode: Format = {
  form: "octal permission bits such as 0660",
  parse: (text) => /^(?:0o?)?[0-7]{3}$/.test(text) ? parseInt(text.replace(/^0o/, ""), 8) : undefined,
  write: (value) => (value as number).toString(8).padStart(4, "0"),
};

/**
 * Pairs as in `OTEL_RESOURCE_ATTRIBUTES`: commas, equals signs and percent signs in names and texts
 * are percent-encoded, anything else may be.
 */
const pairs: Format = {
  form: "pairs such as zone=b,version=1.2",
  parse: (text) => {
    try {
      const entries = text.split(",").filter((pair) => pair.trim() !== "").map((pair) => {
        const [name = "", ...value] = pair.split("=");
        if (value.length !== 1) throw new Error("no pair");
        return [decodeURIComponent(name.trim()), decodeURIComponent(value[0]!.trim())];
      });
      return Object.fromEntries(entries);
    } catch {
      return undefined;
    }
  },
  write: (value) =>
    Object.entries(value as Record<string, string>)
      .map((pair) => pair.map((text) => text.replaceAll(/[,=%]|^ | $/g, encodeURIComponent)).join("=")).join(),
};

/** The variable of each option, in the order of the documentation. */
export const VARIABLES: Readonly<Record<PlainOption, Variable>> = {
  monitoringDir: { name: "KYMO_DIR", format: plainText, about: "directory for all files" },
  record: { name: "KYMO_RECORD", format: flag, about: "whether to record from the start" },
  withRuntime: {
    name: "KYMO_RUNTIME",
    format: runtimeSampling,
    about: "whether to sample GC, heap, CPU, RSS and event-loop lag",
  },
  withProfiler: { name: "KYMO_PROFILER", format: flag, about: "whether to take CPU profiles" },
  memoryThreshold: { name: "KYMO_MEMORY", format: size, about: "what the buffers of a channel may take together" },
  flushInterval: {
    name: "KYMO_FLUSH",
    format: time,
    about: "time after which a buffer that is not full is flushed; 0 for never",
  },
  samplingInterval: { name: "KYMO_SAMPLING", format: time, about: "time between samples of the runtime" },
  layout: {
    name: "KYMO_LAYOUT",
    format: oneOf("segments", "append"),
    about: "a file for each flush, or one that grows",
  },
  durability: { name: "KYMO_DURABILITY", format: oneOf("memory", "spool", "fsync"), about: "what outlives what" },
  fileMode: { name: "KYMO_FILE_MODE", format: mode, about: "permission bits of all files" },
  name: { name: "KYMO_NAME", otherwise: "OTEL_SERVICE_NAME", format: plainText, about: "name of the service" },
  instance: {
    name: "KYMO_INSTANCE",
    otherwise: "HOSTNAME",
    format: plainText,
    about: "which of several instances of the service this is",
  },
  attributes: {
    name: "KYMO_ATTRIBUTES",
    otherwise: "OTEL_RESOURCE_ATTRIBUTES",
    format: pairs,
    about: "what else is to be known of the program",
  },
  "retention.maxAge": { name: "KYMO_MAX_AGE", format: time, about: "age at which files are deleted" },
  "retention.maxBytes": { name: "KYMO_MAX_BYTES", format: size, about: "what all files may take together" },
  "retention.minFree": { name: "KYMO_MIN_FREE", format: size, about: "what stays free in the file system" },
  "retention.dropUnshipped": {
    name: "KYMO_DROP_UNSHIPPED",
    format: flag,
    about: "whether files may be deleted that are not shipped yet",
  },
  optional: { name: "KYMO_OPTIONAL", format: flag, about: "whether the program can do without the recording" },
};

/** The options, in the order of the documentation. */
export const PLAIN_OPTIONS = Object.keys(VARIABLES) as readonly PlainOption[];

/** The options that say who records: of any monitor and channel. */
export const IDENTITY: readonly PlainOption[] = ["name", "instance", "attributes"];

/** What the environment gives. */
export interface EnvironmentReading {
  /** The options, all valid. */
  readonly options: StartOptions;
  /** The name of the variable that gave each of them. */
  readonly sources: Readonly<Partial<Record<PlainOption, string>>>;
  /** What is wrong with the variables of Kymo that have a wrong value, by option. */
  readonly errors: Readonly<Partial<Record<PlainOption, KymoError>>>;
  /** One for each variable that is ignored: wrong ones of other programs, and unknown ones. */
  readonly ignored: readonly KymoError[];
}

/** What to read of the environment. */
export interface EnvironmentOptions {
  /** The options to read; all of them by default, and then unknown variables are told. */
  readonly only?: readonly PlainOption[];
  /** What the program gives: variables of these options are not read. */
  readonly given?: unknown;
}

/**
 * Reads the variables that may be read and that the program does not overrule. One that is empty is
 * not set. Messages begin with `action`.
 */
export function readEnvironment(
  environment: Environment,
  action: string,
  { only, given }: EnvironmentOptions = {},
): EnvironmentReading {
  const values: Record<string, unknown> = {};
  const sources: Partial<Record<PlainOption, string>> = {};
  const errors: Partial<Record<PlainOption, KymoError>> = {};
  const ignored: KymoError[] = [];
  for (const option of only ?? PLAIN_OPTIONS) {
    if (isGiven(given, option)) continue;
    const { name, otherwise, format } = VARIABLES[option];
    const source = [name, otherwise].find((variable) =>
      variable !== undefined && (environment.get(variable) ?? "") !== ""
    );
    if (source === undefined) continue;
    const text = environment.get(source)!;
    const read = readText(text, option, format);
    if (typeof read === "string") {
      const isOurs = source === name;
      const message = `${isOurs ? action : "Cannot use the environment"}: ${source} ${read}: ${quote(text)}`;
      const error = new KymoError("invalid-argument", message);
      if (isOurs) errors[option] = error;
      else ignored.push(error);
      continue;
    }
    const [outer = "", field] = option.split(".");
    values[outer] = field === undefined ? read.value : { ...values[outer] as object, [field]: read.value };
    sources[option] = source;
  }
  if (only === undefined) ignored.push(...unknownVariables(environment));
  return { options: values, sources, errors, ignored };
}

/**
 * Throws the first error of a reading.
 *
 * @throws {KymoError} `"invalid-argument"` if a variable of Kymo has a wrong value.
 */
export function throwErrors({ errors }: EnvironmentReading): void {
  for (const error of Object.values(errors)) throw error;
}

/** Whether the program gives an option itself. Its attributes are added to those of the environment. */
function isGiven(given: unknown, option: PlainOption): boolean {
  if (option === "attributes") return false;
  const value = option.split(".").reduce<unknown>(
    (object, name) => (object as Fields | null | undefined)?.[name],
    given,
  );
  return value !== undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** The value of an option, or what is wrong with the text. */
function readText(
  text: string,
  option: PlainOption,
  { form, unit, parse }: Format,
): { readonly value: unknown } | string {
  const value = parse(text);
  if (value === undefined) return `must be ${form}`;
  const wrong = PLAIN_CHECKS[option](value);
  if (wrong === undefined) return { value };
  return unit === undefined ? wrong : `${wrong} ${unit}`;
}

/** Variables of the command line. */
export const OF_COMMANDS = ["KYMO_TO", "KYMO_TO_PASSWORD_FILE"];

/** With `0` in it the preload does nothing. */
const PRELOAD = "KYMO_AUTO";

/**
 * Whether the preload is to do nothing in this process, as in the `kymo` command itself.
 *
 * @throws {KymoError} `"invalid-argument"` if the variable has a wrong value, by which somebody wants
 * to switch it off: `no`, say.
 */
export function isPreloadOff(environment: Environment): boolean {
  const text = environment.get(PRELOAD) ?? "";
  if (text === "") return false;
  const isOn = flag.parse(text);
  if (isOn !== undefined) return isOn === false;
  throw new KymoError("invalid-argument", `Cannot start: ${PRELOAD} must be ${flag.form}: ${quote(text)}`);
}

/** The variable of the preload that is no option of `start`. */
export const OUTGOING: Variable = {
  name: "KYMO_CLIENT",
  format: outgoing,
  about: "whether to time outgoing requests, until the headers of the answer (1) or its end (body)",
};

/**
 * Until when the preload times outgoing requests; `undefined` if it does not.
 *
 * @throws {KymoError} `"invalid-argument"` if the variable has a wrong value.
 */
export function readOutgoing(environment: Environment): "headers" | "body" | undefined {
  const { name, format } = OUTGOING;
  const text = environment.get(name) ?? "";
  if (text === "") return undefined;
  const value = format.parse(text) as "headers" | "body" | false | undefined;
  if (value !== undefined) return value === false ? undefined : value;
  throw new KymoError(
    "invalid-argument",
    `Cannot time outgoing requests: ${name} must be ${format.form}: ${quote(text)}`,
  );
}

/** Most unknown variables that are told. */
const MAX_TOLD = 10;

/** Variables of tests, Kymo's own and others', are no options: they begin so. */
const OF_TESTS = "KYMO_TEST_";

/** What Kubernetes gives each container of a namespace in which a service is called `kymo…`. */
const OF_KUBERNETES =
  /^KYMO_(?:.+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_.+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/;

/** A failure for each variable that begins as Kymo's do and is none of them. */
function unknownVariables(environment: Environment): KymoError[] {
  const known = new Set([...Object.values(VARIABLES).map(({ name }) => name), OUTGOING.name, PRELOAD, ...OF_COMMANDS]);
  const isUnknown = (name: string): boolean =>
    name.startsWith("KYMO_") && !known.has(name) && !name.startsWith(OF_TESTS) && !OF_KUBERNETES.test(name) &&
    environment.get(name) !== "";
  return (environment.names() ?? []).filter(isUnknown).sort().slice(0, MAX_TOLD).map((name) => {
    const meant = variableMeantBy(name);
    const hint = meant === undefined ? "" : `; is ${meant} meant?`;
    return new KymoError(
      "invalid-argument",
      `Cannot use the environment: ${quote(name)}: there is no variable of that name${hint}`,
    );
  });
}

/**
 * The one variable that a wrong name may stand for: it has the name of the option, is one typing
 * error in three letters away, or one of the two begins with the other.
 */
function variableMeantBy(wrong: string): string | undefined {
  const candidates = PLAIN_OPTIONS.map((option) => ({
    name: VARIABLES[option].name,
    option: `KYMO_${option.replace(/^retention\./, "").replace(/[A-Z]/g, "_$&").toUpperCase()}`,
  }));
  const only = (found: typeof candidates): string | undefined => found.length === 1 ? found[0]!.name : undefined;
  const isNear = (name: string): boolean => typingErrors(wrong, name) <= Math.max(1, (name.length - 5) / 3);
  return only(candidates.filter(({ option }) => option === wrong)) ??
    only(candidates.filter(({ name, option }) => isNear(name) || isNear(option))) ??
    only(candidates.filter(({ name }) => name.startsWith(wrong) || wrong.startsWith(name)));
}

/**
 * Letters that are missing, superfluous, wrong or swapped with their neighbour: the optimal string
 * alignment distance.
 */
function typingErrors(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      current[column] = Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (isSame ? 0 : 1),
        row > 1 && column > 1 && isSwapped ? beforeLast[column - 2]! + 1 : Infinity,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return last[other.length]!;
}
