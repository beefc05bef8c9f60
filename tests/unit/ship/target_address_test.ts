import { describe, it } from "node:test";
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { KymoError } from "../../../src/errors.ts";
import { parseTarget } from "../../../src/ship/targets/target_address.ts";

const options = {
  schemes: ["postgres", "duckdb", "parquet"],
  resolve: (path: string) => `/work/${path}`.replaceAll("//", "/").replace(/\/$/, ""),
};

describe("the address of a store", () => {
  it("is a URL, a file, or a folder", async () => {
    for (
      const [text, scheme, path, name] of [
        ["telemetry.duckdb", "duckdb", "/work/telemetry.duckdb", "duckdb:/work/telemetry.duckdb"],
        ["a b/c.db", "duckdb", "/work/a b/c.db", "duckdb:/work/a b/c.db"],
        ["duckdb:telemetry", "duckdb", "/work/telemetry", "duckdb:/work/telemetry"],
        ["duckdb:x.db?schema=main", "duckdb", "/work/x.db", "duckdb:/work/x.db?schema=main"],
        ["out/", "parquet", "/work/out", "parquet:/work/out"],
        ["parquet:out", "parquet", "/work/out", "parquet:/work/out"],
        ["postgres://me:secret@db/telemetry/", "postgres", undefined, "postgres://db/telemetry/"],
      ] as const
    ) {
      const address = await parseTarget(text, options);
      assertEquals([address.scheme, address.path, address.name], [scheme, path, name]);
    }
    const main = await parseTarget("duckdb:x.db?schema=main", options);
    assertEquals(main.url.searchParams.get("schema"), "main");
    assertNotEquals(main.id, (await parseTarget("x.db", options)).id);
    assertEquals((await parseTarget("out/", options)).id, (await parseTarget("parquet:out", options)).id);
  });

  it("is told when it is none, and never with its password", async () => {
    for (const text of ["telemetry", "duckdb:", "mysql://me:secret@db/x", "//me:secret@db"]) {
      const error = await assertRejects(() => parseTarget(text, options), KymoError, "Cannot ship: ");
      assert(!error.message.includes("secret"));
    }
  });
});
