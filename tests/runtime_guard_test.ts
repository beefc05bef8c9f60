import { test } from "node:test";
import process from "node:process";
import { assertEquals } from "@std/assert";
import { runtimeName } from "../runtime_adapters/detect.ts";

const expected = process.env["KYMO_TEST_RUNTIME"];
const skip = expected === undefined ? "KYMO_TEST_RUNTIME is not set" : false;

test("the suite runs on the runtime that was asked for", { skip }, () => {
  assertEquals(runtimeName(globalThis), expected);
});
