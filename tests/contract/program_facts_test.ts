import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { hostname } from "node:os";
import { posixTimeZone } from "../../runtime_adapters/posix/time_zone.ts";
import { defaultRuntime } from "../../src/default_runtime.ts";

describe("program facts of this runtime", () => {
  it("are those of this isolate", () => {
    const { kind, script, host, timeZone } = defaultRuntime().programFacts();
    assertEquals(kind, "main");
    assertEquals(host, hostname());
    assert(script !== undefined && !script.includes("/"));
    const resolved = (zone?: string): string =>
      new Intl.DateTimeFormat("en", zone === undefined ? {} : { timeZone: zone }).resolvedOptions().timeZone;
    assertEquals(resolved(timeZone), resolved());
  });
});

describe("environment variables of this runtime", () => {
  it("are those of the process at the time, also empty ones", () => {
    for (const value of ["one", "größer =✓", ""]) {
      process.env["KYMO_TEST_VARIABLE"] = value;
      assertEquals(defaultRuntime().environment.get("KYMO_TEST_VARIABLE"), value);
      assert(defaultRuntime().environment.names()?.includes("KYMO_TEST_VARIABLE"));
    }
    delete process.env["KYMO_TEST_VARIABLE"];
    assertEquals(defaultRuntime().environment.get("KYMO_TEST_VARIABLE"), undefined);
    assertEquals(defaultRuntime().environment.names()?.includes("KYMO_TEST_VARIABLE"), false);
    assertEquals(defaultRuntime().environment.denied("KYMO_TEST_VARIABLE"), undefined);
  });
});

describe("posixTimeZone", () => {
  const linked = (path: string) => () => path;
  const missing = (): string => {
    throw new Error("no such file");
  };

  it("is that of TZ, or else that of the system", () => {
    assertEquals(posixTimeZone("Asia/Tokyo", missing), "Asia/Tokyo");
    assertEquals(posixTimeZone(":America/Argentina/Ushuaia", missing), "America/Argentina/Ushuaia");
    assertEquals(posixTimeZone("/usr/share/zoneinfo/Europe/Berlin", missing), "Europe/Berlin");
    assertEquals(posixTimeZone(undefined, linked("/usr/share/zoneinfo/Europe/Berlin")), "Europe/Berlin");
    assertEquals(posixTimeZone("", linked("../usr/share/zoneinfo/Etc/UTC")), "UTC");
  });

  it("is not known if these name none", () => {
    assertEquals(posixTimeZone("CET-1CEST,M3.5.0,M10.5.0/3", missing), undefined);
    assertEquals(posixTimeZone("/home/me/secret", missing), undefined);
    assertEquals(posixTimeZone(undefined, missing), undefined);
  });
});
