import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { GARBAGE, Garbage } from "../../../src/ship/files/garbage.ts";

describe("Garbage", () => {
  it("is collected now and then if there are many files, and not if there are few", () => {
    let collections = 0;
    const garbage = new Garbage({ collect: () => void collections++ });
    for (let i = 0; i < 100; i++) garbage.add(GARBAGE.shipped);
    assertEquals(collections, 0);
    for (let i = 0; i < 400; i++) garbage.add(GARBAGE.shipped, 250);
    assert(collections > 50 && collections < 250, `${collections} collections for 100,000 files`);
    const often = new Garbage({ collect: () => void collections++, collectAfter: 1 });
    collections = 0;
    for (let i = 0; i < 400; i++) often.add(GARBAGE.found);
    assertEquals(collections, 400);
  });

  it("is left to the runtime where that cannot be told", () => {
    const garbage = new Garbage({});
    for (let i = 0; i < 400; i++) garbage.add(GARBAGE.shipped, 250);
  });
});
