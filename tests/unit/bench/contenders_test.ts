import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { beginAll, contenders } from "../../../bench/contenders/contenders.ts";

describe("bench contender", () => {
  it("records the samples that it is timed for", async () => {
    const field = await beginAll(); // which checks that of every one, by what it left
    try {
      assertEquals(Object.keys(field.recordings), contenders.map(({ name }) => name));
      for (const { run } of Object.values(field.recordings)) run(10);
      await field.end(10);
    } finally {
      field.remove();
    }
  });
});
