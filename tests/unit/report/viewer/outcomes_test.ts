import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { DurationData } from "../../../../src/report/shared/report_data.ts";
import { addedUp } from "../../../../src/report/viewer/model/outcomes.ts";

type Series = Pick<DurationData, "label" | "request">;

function series(route: string, outcome: "ok" | "5xx"): Series {
  return { label: outcome === "ok" ? route : `${route} ${outcome}`, request: { route, outcome } };
}

const own = series("/orders [GET]", "ok");
const ownFailed = series("/orders [GET]", "5xx");
const outgoingFailed = series("→ there:1/orders [GET]", "5xx");

describe("failures of requests over time", () => {
  it("are those of own requests, which clients that were recorded have seen too", () => {
    assertEquals(addedUp([own, ownFailed, outgoingFailed, { label: "work" }]), [own, ownFailed]);
  });

  it("are those of outgoing requests if no others failed", () => {
    assertEquals(addedUp([own, outgoingFailed, { label: "work" }]), [own, outgoingFailed]);
  });
});
