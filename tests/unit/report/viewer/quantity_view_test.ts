import { assertEquals } from "@std/assert";
import { it } from "node:test";
import { viewQuantity } from "../../../../src/report/viewer/model/quantity_view.ts";

it("bins of quantities keep minima and maxima when merged, and weigh their means", () => {
  const cells = { process: 7, bin: [1, 2, 5], min: [4, 1, 8], mean: [5, 2, 9], max: [6, 3, 10], count: [1, 3, 1] };
  assertEquals(viewQuantity([cells], { from: 0, to: 6, size: 3, count: 2 }), {
    min: [1, 8],
    mean: [2.75, 9],
    max: [6, 10],
    count: [4, 1],
  });
  assertEquals(viewQuantity([cells], { from: 3, to: 5, size: 1, count: 2 }).mean, [null, null]);
});
