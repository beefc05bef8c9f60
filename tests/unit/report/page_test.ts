import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { renderPage } from "../../../src/report/page.ts";
import { packReport } from "../../../src/report/shared/packed_buckets.ts";
import { notices } from "../../../src/report/viewer_bundle.ts";
import { fakeReport, reportOfOne } from "../../support/fake/report_data.ts";

describe("the page of a report", () => {
  it("contains the data unchanged", async () => {
    const data = fakeReport({ bins: 50, perBin: 2 });
    const html = await renderPage(data);
    const [, packed = ""] = /id="data">([A-Za-z0-9+/=]+)<\/script>/.exec(html) ?? [];
    assertEquals(
      JSON.parse(gunzipSync(Buffer.from(packed, "base64")).toString()),
      JSON.parse(JSON.stringify(packReport(data))),
    );
  });

  it("contains the data also where nothing compresses", async () => {
    const { CompressionStream } = globalThis;
    Reflect.deleteProperty(globalThis, "CompressionStream");
    try {
      const data = fakeReport({ bins: 500, perBin: 20 });
      const html = await renderPage(data);
      const [, packed = ""] = /id="data">([A-Za-z0-9+/=]+)<\/script>/.exec(html) ?? [];
      assert(packed.length > 200_000, `${packed.length} characters are few blocks`);
      assertEquals(
        JSON.parse(gunzipSync(Buffer.from(packed, "base64")).toString()),
        JSON.parse(JSON.stringify(packReport(data))),
      );
    } finally {
      Object.assign(globalThis, { CompressionStream });
    }
  });

  it("allows only its own script, and no request", async () => {
    const html = await renderPage(fakeReport({ bins: 4, perBin: 1 }));
    const [, policy = ""] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html) ?? [];
    assertMatch(policy, /^default-src 'none'; script-src 'sha256-[^ ]+'; style-src 'sha256-[^ ]+'; /);
    for (const element of ["script", "style"]) {
      const [, text = ""] = new RegExp(`<${element}>(.*?)</${element}>`, "s").exec(html) ?? [];
      const hash = createHash("sha256").update(text).digest("base64");
      assert(policy.includes(`${element}-src 'sha256-${hash}'`), element);
    }
    assertFalse(
      /<(link|img|iframe|object|embed)\b|\b(src|href)=/.test(html.replaceAll(/<(script|style).*?<\/\1>/gs, "")),
    );
  });

  it("shows a title as text", async () => {
    const html = await renderPage(reportOfOne("</title><script>alert(1)</script>&"));
    assert(html.includes("<title>&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp; · Kymo report</title>"));
    assertEquals(html.match(/<script/g)?.length, 2);
  });

  it("contains the licences of its packages", async () => {
    for (const name of ["uplot"]) {
      assertMatch(notices, new RegExp(`^## ${name} \\d`, "m"));
    }
    const html = await renderPage(reportOfOne("a"));
    const [, carried = ""] = /<template id="notices">([^<]*)<\/template>/.exec(html) ?? [];
    assertEquals(carried.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"), notices);
    assertFalse(notices.includes("command line"));
    assert(html.includes("Redistribution and use") || html.includes("Permission is hereby granted"));
  });
});
