import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { KymoError } from "../../../src/errors.ts";
import { type ProgramRecord, readProgramRecord } from "../../../src/files/program_record.ts";
import {
  OUTGOING,
  PLAIN_OPTIONS,
  readEnvironment,
  readOutgoing,
  VARIABLES,
} from "../../../src/recording/environment.ts";
import { createMonitor } from "../../../src/recording/monitor.ts";
import { PLAIN_CHECKS, type StartOptions } from "../../../src/recording/options.ts";
import { StandaloneChannel } from "../../../src/recording/standalone_channel.ts";
import { FakeRuntime } from "../../support/fake/runtime.ts";

type Variables = FakeRuntime["variables"];

function runtimeWith(variables: Variables): FakeRuntime {
  const runtime = new FakeRuntime();
  runtime.variables = variables;
  return runtime;
}

function read(variables: Variables, given?: StartOptions) {
  const { errors, ...reading } = readEnvironment(runtimeWith(variables).environment, "Cannot start", { given });
  return { ...reading, errors: Object.values(errors) };
}

/** The default monitor of a fake process, which records with these options. */
function recording(variables: Variables, options?: StartOptions) {
  const runtime = runtimeWith(variables);
  const monitor = createMonitor(() => runtime, { isDefault: true });
  monitor.start(options);
  return { runtime, monitor };
}

function recordOf({ files }: FakeRuntime, path: string): ProgramRecord {
  const record = readProgramRecord(files, path);
  assert(record.ok);
  return record.value;
}

const messagesOf = (errors: readonly KymoError[]): string[] => errors.map(({ message }) => message);

/** For each option what its variable may be, and what that means. */
const TEXTS: Record<string, Record<string, unknown>> = {
  monitoringDir: { "/data": "/data", "file:///a%20b": "file:///a%20b", " ": " " },
  record: { 1: true, 0: false, true: true, false: false },
  withRuntime: { 1: true, 0: false, "while-blocked": { whileBlocked: true } },
  withProfiler: { 1: true, false: false },
  memoryThreshold: { "1048576": 2 ** 20, "1MiB": 2 ** 20, "16Ki": 2 ** 14, "1.5 MB": 1.5e6 },
  flushInterval: { 0: 0, 500: 500, "10s": 10_000, "1.5m": 90_000, "1d": 86_400_000, "10000us": 10 },
  samplingInterval: { 10: 10, "1s": 1_000 },
  layout: { segments: "segments", append: "append" },
  durability: { memory: "memory", spool: "spool", fsync: "fsync" },
  fileMode: { "0660": 0o660, 600: 0o600, "0o640": 0o640 },
  name: { orders: "orders", "größer ✓": "größer ✓" },
  instance: { "orders-7d9f": "orders-7d9f" },
  attributes: {
    "zone=b": { zone: "b" },
    " zone = b , version=1%2C2%3D3,": { zone: "b", version: "1,2=3" },
    "a%20b=,c=%C3%A9+": { "a b": "", c: "é+" },
    ",": {},
  },
  "retention.maxAge": { "7d": 604_800_000, 1000: 1_000 },
  "retention.maxBytes": { "1GiB": 2 ** 30, "512Mi": 2 ** 29, 65536: 65_536 },
  "retention.minFree": { "1GB": 1e9 },
  "retention.dropUnshipped": { 1: true, 0: false },
  optional: { 1: true, 0: false },
};

/** For each option what its variable may not be. */
const WRONG: Record<string, readonly string[]> = {
  monitoringDir: ["a\0b", "file://elsewhere/x"],
  record: ["yes", "2", "TRUE", " 1", "toString"],
  withRuntime: ["blocked", "whileBlocked", "{}"],
  withProfiler: ["on"],
  memoryThreshold: ["1", "16383", "2GiB", "1mib", "1e6", "-1", "1.5"],
  flushInterval: ["5", "9ms", "2d", "1 week", "-1s", "1.5", "10.0001ms", "99999999999999999999"],
  samplingInterval: ["0", "9", "1 h 2 m"],
  layout: ["Segments", "segment", "toString"],
  durability: ["disk", "__proto__"],
  fileMode: ["0400", "0700", "1600", "0x1b0", "rw-rw----", "06600", "660 "],
  name: ["x".repeat(129), "two\nlines"],
  instance: ["x".repeat(129), "\u0007"],
  attributes: ["zone", "zone=b=c", "=b", "zone=%", "a=%C3", "a=%00", `a=${"x".repeat(257)}`, pairs(33)],
  "retention.maxAge": ["0", "1ms", "forever"],
  "retention.maxBytes": ["0", "1KiB", "all"],
  "retention.minFree": ["0", "10%"],
  "retention.dropUnshipped": ["2"],
  optional: ["no"],
};

function pairs(count: number): string {
  return Array.from({ length: count }, (_, index) => `a${index}=b`).join();
}

describe("the variables of the environment", () => {
  it("are one for each option that a text can give, with names of their own", () => {
    assertEquals([...PLAIN_OPTIONS].sort(), Object.keys(PLAIN_CHECKS).sort());
    assertEquals(Object.keys(TEXTS).sort(), Object.keys(PLAIN_CHECKS).sort());
    assertEquals(Object.keys(WRONG).sort(), Object.keys(PLAIN_CHECKS).sort());
    const names = Object.values(VARIABLES).map(({ name }) => name);
    assertEquals(new Set(names).size, names.length);
    for (const name of names) assertMatch(name, /^KYMO_[A-Z_]+$/);
  });

  for (const option of PLAIN_OPTIONS) {
    const { name, format } = VARIABLES[option];
    it(`${name} gives ${option}`, () => {
      for (const [text, value] of Object.entries(TEXTS[option]!)) {
        const { options, sources, errors, ignored } = read({ [name]: text });
        const given = option.split(".").reduce<unknown>(
          (object, key) => (object as Record<string, unknown>)[key],
          options,
        );
        assertEquals([given, sources, [...errors, ...ignored]], [value, { [option]: name }, []], text);
        assertEquals(format.parse(format.write(value)), value, text);
      }
    });

    it(`${name} with a wrong text is an error that names it, and quotes the text`, () => {
      for (const text of WRONG[option]!) {
        const { options, errors, ignored } = read({ [name]: text });
        assertEquals([options, errors.length, ignored.length], [{}, 1, 0], text);
        assertEquals(errors[0]!.code, "invalid-argument");
        assertMatch(errors[0]!.message, RegExp(`^Cannot start: ${name} must be .+: ".+"$`));
      }
    });
  }

  it("of the preload says until when outgoing requests are timed", () => {
    const texts = { 1: "headers", true: "headers", body: "body", 0: undefined, false: undefined, "": undefined };
    for (const [text, value] of Object.entries(texts)) {
      const { environment } = runtimeWith({ KYMO_CLIENT: text });
      assertEquals([text, readOutgoing(environment)], [text, value]);
      assertEquals(read({ KYMO_CLIENT: text }).ignored, []);
    }
    assertEquals(["headers", "body", false].map((value) => OUTGOING.format.write(value)), ["1", "body", "0"]);
    for (const text of ["headers", "toString", "2"]) {
      const error = assertThrows(() => readOutgoing(runtimeWith({ KYMO_CLIENT: text }).environment), KymoError);
      const expected = `Cannot time outgoing requests: KYMO_CLIENT must be 1, 0 or body: "${text}"`;
      assertEquals([error.code, error.message], ["invalid-argument", expected]);
    }
  });

  it("say in which unit a value is out of range", () => {
    assertEquals(messagesOf(read({ KYMO_FLUSH: "2d", KYMO_MEMORY: "1k" }).errors), [
      'Cannot start: KYMO_MEMORY must be a whole number from 16384 to 1073741824 bytes: "1k"',
      'Cannot start: KYMO_FLUSH must be 0 or a whole number from 10 to 86400000 ms: "2d"',
    ]);
  });

  it("are not set if they are empty", () => {
    const empty = Object.fromEntries(Object.values(VARIABLES).map(({ name }) => [name, ""]));
    assertEquals(read({ ...empty, KYMO_UNKNOWN: "" }), { options: {}, sources: {}, errors: [], ignored: [] });
    assertEquals(read({ ...empty, HOSTNAME: "web-2" }).options, { instance: "web-2" });
  });

  it("of others serve where Kymo's own are not set", () => {
    const others = { OTEL_SERVICE_NAME: "otel", HOSTNAME: "web-2", OTEL_RESOURCE_ATTRIBUTES: "zone=b" };
    const { options, sources } = read(others);
    assertEquals(options, { name: "otel", instance: "web-2", attributes: { zone: "b" } });
    assertEquals(sources, {
      name: "OTEL_SERVICE_NAME",
      instance: "HOSTNAME",
      attributes: "OTEL_RESOURCE_ATTRIBUTES",
    });
    const own = { KYMO_NAME: "orders", KYMO_INSTANCE: "1", KYMO_ATTRIBUTES: "a=b" };
    assertEquals(read({ ...others, ...own }).options, { name: "orders", instance: "1", attributes: { a: "b" } });
  });

  it("of others are ignored and told if their text is wrong", () => {
    const { options, errors, ignored } = read({
      OTEL_SERVICE_NAME: "two\nlines",
      HOSTNAME: "x".repeat(129),
      OTEL_RESOURCE_ATTRIBUTES: "a=b,zone=%zz",
    });
    assertEquals([options, errors], [{}, []]);
    for (const message of messagesOf(ignored)) {
      assertMatch(message, /^Cannot use the environment: (OTEL_[A-Z_]+|HOSTNAME) must be .+: ".+"$/);
    }
    assertEquals(ignored.length, 3);
  });

  it("are not read if the program gives the option; limits and attributes are added to its own", () => {
    const variables = {
      KYMO_LAYOUT: "wrong",
      KYMO_MAX_AGE: "wrong",
      KYMO_MAX_BYTES: "1GiB",
      KYMO_ATTRIBUTES: "zone=b,version=1",
    };
    const { monitor, runtime } = recording(variables, {
      layout: "append",
      retention: { maxAge: 5_000 },
      attributes: { version: "2" },
    });
    assertEquals([monitor.status().layout, monitor.status().errors], ["append", 0]);
    assertEquals(recordOf(runtime, "/_monitoring/program.4242-00000001.json").attributes, { zone: "b", version: "2" });
    assertEquals(read(variables, { layout: "append", retention: { maxAge: 5_000 } }).options, {
      retention: { maxBytes: 2 ** 30 },
      attributes: { zone: "b", version: "1" },
    });
  });

  it("together with the program's own attributes are as many as there may be", () => {
    const error = assertThrows(
      () => recording({ KYMO_ATTRIBUTES: pairs(32) }, { attributes: { more: "" } }),
      KymoError,
    );
    assertEquals(error.message, "Cannot start: attributes must be at most 32 texts: an object");
  });
});

describe("unknown variables", () => {
  const toldOf = (...names: string[]): string[] => {
    const variables = Object.fromEntries(names.map((name) => [name, "1"]));
    return messagesOf(read(variables).ignored).map((message) => message.replace("Cannot use the environment: ", ""));
  };

  it("are told, with the name that is meant if it is clear", () => {
    const meant: Record<string, string | undefined> = {
      KYMO_DRI: "KYMO_DIR",
      KYMO_DIRECTORY: "KYMO_DIR",
      KYMO_MONITORING_DIR: "KYMO_DIR",
      KYMO_MAX_BYTE: "KYMO_MAX_BYTES",
      KYMO_MAXBYTES: "KYMO_MAX_BYTES",
      KYMO_FLUSH_INTERVAL: "KYMO_FLUSH",
      KYMO_FLUSHINTERVAL: "KYMO_FLUSH",
      KYMO_WITH_RUNTIME: "KYMO_RUNTIME",
      KYMO_DURABILTY: "KYMO_DURABILITY",
      KYMO_ATTRIBUTE: "KYMO_ATTRIBUTES",
      KYMO_MAX: undefined,
      KYMO_LOG_LEVEL: undefined,
      KYMO_: undefined,
      KYMO_X: undefined,
    };
    for (const [name, variable] of Object.entries(meant)) {
      const hint = variable === undefined ? "" : `; is ${variable} meant?`;
      assertEquals(toldOf(name), [`"${name}": there is no variable of that name${hint}`]);
    }
  });

  it("are not those of other programs, of tests, and of services of Kubernetes", () => {
    assertEquals(toldOf("KYMO", "KYMOGRAPH_X", "kymo_dir", "X_KYMO_DIR", "KYMO_TEST_SEED"), []);
    assertEquals(toldOf("KYMO_SERVICE_HOST", "KYMO_SERVICE_PORT", "KYMO_SERVICE_PORT_HTTP", "KYMO_PORT"), []);
    assertEquals(toldOf("KYMO_PORT_80_TCP", "KYMO_PORT_80_TCP_ADDR", "KYMO_WEB_UI_SERVICE_HOST"), []);
    assertEquals(toldOf("KYMO_PORTS", "KYMO_SERVICE").length, 2);
  });

  it("are told up to ten, by name", () => {
    const told = toldOf(...Array.from({ length: 100 }, (_, index) => `KYMO_UNKNOWN_${index}`));
    assertEquals(told.length, 10);
    assertEquals(toldOf(`KYMO_${"X".repeat(1_000)}\n`)[0]!.length < 200, true);
  });

  it("are not known where the names may not be listed", () => {
    const runtime = runtimeWith({ KYMO_DRI: "x", KYMO_DIR: "/data" });
    runtime.mayListVariables = false;
    const { options, ignored } = readEnvironment(runtime.environment, "Cannot start");
    assertEquals([options, ignored], [{ monitoringDir: "/data" }, []]);
  });
});

describe("a monitor", () => {
  it("that is the default one takes all its options from the environment", () => {
    const { monitor } = recording({ KYMO_DIR: "/data", KYMO_LAYOUT: "append", KYMO_NAME: "orders" });
    const { monitoringDir, layout, name, errors } = monitor.status();
    assertEquals([monitoringDir, layout, name, errors], ["/data", "append", "orders", 0]);
  });

  it("throws the error of a variable, and nothing has changed", () => {
    const runtime = runtimeWith({ KYMO_FLUSH: "soon" });
    const monitor = createMonitor(() => runtime, { isDefault: true });
    assertThrows(() => monitor.start(), KymoError, "Cannot start: KYMO_FLUSH must be ms, or a time such as");
    assertEquals([monitor.status().running, runtime.files.paths()], [false, []]);
    monitor.start({ flushInterval: 100 });
    assertEquals(monitor.status().running, true);
  });

  it("reports the error of a variable if it is optional, in code or in the environment", async () => {
    const startWith = async (variables: Variables, options: StartOptions) => {
      const errors: KymoError[] = [];
      const { monitor } = recording(variables, { ...options, onError: (error) => errors.push(error) });
      await Promise.resolve();
      assertEquals([monitor.status().running, monitor.status().errors], [false, 1]);
      assertMatch(errors[0]!.message, /^Cannot start: KYMO_FLUSH must be .+: "soon"$/);
    };
    await startWith({ KYMO_FLUSH: "soon" }, { optional: true });
    await startWith({ KYMO_FLUSH: "soon", KYMO_OPTIONAL: "1" }, {});
    assertThrows(() => recording({ KYMO_FLUSH: "soon", KYMO_OPTIONAL: "1" }, { optional: false }), KymoError);
    assertThrows(() => recording({ KYMO_FLUSH: "soon", KYMO_OPTIONAL: "wrong" }), KymoError);
  });

  it("tells once of variables that are ignored, and records", async () => {
    const messages: string[] = [];
    const options: StartOptions = { onError: ({ message }) => messages.push(message) };
    const { monitor } = recording({ KYMO_DRI: "/data", HOSTNAME: "\n" }, options);
    monitor.start(options);
    await monitor.stop();
    monitor.start(options);
    await monitor.stop();
    assertEquals(messages.map((message) => message.includes("KYMO_DRI") ? "unknown" : message.slice(0, 35)), [
      "Cannot use the environment: HOSTNAM",
      "unknown",
    ]);
  });

  it("may start twice with the same environment, and not with another", () => {
    const { monitor, runtime } = recording({ KYMO_FLUSH: "1s", KYMO_DIR: "/data", KYMO_ATTRIBUTES: "a=b" });
    monitor.start();
    monitor.start({ flushInterval: 1_000, monitoringDir: "/data" });
    runtime.variables = { ...runtime.variables, KYMO_FLUSH: "2s" };
    const error = assertThrows(() => monitor.start(), KymoError);
    assertEquals([error.code, error.message.includes("flushInterval")], ["invalid-state", true]);
  });

  it("of one's own takes only who records, as does a channel", async () => {
    const everything: Variables = {
      ...Object.fromEntries(PLAIN_OPTIONS.map((option) => [VARIABLES[option].name, "wrong"])),
      KYMO_NAME: "orders",
      KYMO_INSTANCE: "1",
      KYMO_ATTRIBUTES: "zone=b",
      KYMO_UNKNOWN: "1",
    };
    const runtime = runtimeWith(everything);
    const monitor = createMonitor(() => runtime);
    monitor.start();
    await new StandaloneChannel(runtime, "sales").close();
    const records = runtime.files.paths().filter((path) => /program\..*json$/.test(path));
    assertEquals(records.length, 2);
    for (const path of records) {
      const { name, instance, attributes } = recordOf(runtime, path);
      assertEquals([path.startsWith("/_monitoring/"), name, instance, attributes], [true, "orders", "1", {
        zone: "b",
      }]);
    }
    assertEquals(monitor.status().errors, 0);
    runtime.variables = { KYMO_NAME: "\n" };
    assertThrows(() => createMonitor(() => runtime).start(), KymoError, "Cannot start: KYMO_NAME must be");
    assertThrows(
      () => new StandaloneChannel(runtime, "sales"),
      KymoError,
      "Cannot open the channel: KYMO_NAME must be",
    );
    assert(monitor.status().running);
  });
});
