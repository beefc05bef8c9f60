import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { formatSummary } from "../../../../../src/cli/commands/summary/text.ts";
import { toJson } from "../../../../../src/cli/commands/summary/json.ts";
import { look, seriesOf, summaryOf } from "./summaries.ts";

describe("the failed requests of a summary", () => {
  const summary = summaryOf({
    durations: [
      seriesOf({ label: "/orders/:id [GET]", count: 900 }),
      seriesOf({ label: "/orders/:id [GET] 5xx", count: 75 }),
      seriesOf({ label: "/orders/:id [GET] aborted", count: 25 }),
      seriesOf({ label: "/broken [GET] threw", count: 240 }),
      seriesOf({ label: "/events [GET] stream", count: 7 }),
      seriesOf({ label: "work", count: 5 }),
    ],
  });

  it("are listed by route, the most failures first, before the durations", () => {
    const lines = formatSummary(summary, look).replaceAll("\u00a0", " ").split("\n");
    const at = lines.indexOf("Requests that failed");
    assertEquals(lines.slice(at, at + 5), [
      "Requests that failed",
      "route              requests  failed    share  4xx  5xx  aborted  threw",
      "/broken [GET]           240     240  100.0 %                       240",
      "/orders/:id [GET]     1,000     100   10.0 %        75       25",
      "",
    ]);
  });

  it("are not listed if there are none", () => {
    const text = formatSummary(summaryOf({ durations: [seriesOf({ label: "/a [GET]" })] }), look);
    assertEquals(text.includes("Requests that failed"), false);
  });

  it("of other services are listed apart, as are their durations", () => {
    const summary = summaryOf({
      durations: [
        seriesOf({ label: "/a [GET]" }),
        seriesOf({ channel: "client", label: "api.example.com [GET]", count: 3 }),
        seriesOf({ channel: "client", label: "api.example.com [GET] 5xx", count: 1 }),
      ],
    });
    const lines = formatSummary(summary, look).split("\n");
    const titles = ["Requests that failed", "Outgoing requests that failed", "Durations", "Outgoing requests"];
    const places = titles.map((title) => lines.findIndex((line) => line.split(",")[0] === title));
    assertEquals([places[0], places.slice(1).every((place, i) => place > (places[i] ?? 0))], [-1, true]);
    const { requests, outgoing } = JSON.parse(toJson(summary, look));
    assertEquals([requests.length, outgoing.length, outgoing[0].requests, outgoing[0].failed], [1, 1, 4, 1]);
  });

  it("are in the JSON with all routes", () => {
    const { requests } = JSON.parse(toJson(summary, look));
    assertEquals(requests[1], {
      route: "/orders/:id [GET]",
      requests: 1_000,
      failed: 100,
      byOutcome: { "4xx": 0, "5xx": 75, aborted: 25, threw: 0 },
    });
    assertEquals(requests.length, 2);
  });
});
