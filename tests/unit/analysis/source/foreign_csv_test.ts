import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { writeFileSync } from "node:fs";
import { Reader } from "../../../support/analysis/duckdb_reader.ts";
import { scratchDirectory } from "../../../support/scratch_directory.ts";

const HEADER = "Timepoint,Measurement,Label,PID\n";
const row = (number: number, label = "x"): string => `170000000000000000${number},0.5,${label},7\n`;
const text = (number: number, label = "x"): string => `170000000000000000${number}|0.5|${label}|7`;

const none = { unread: 0, problems: [], copies: [], gone: [] };

describe("openSources with CSV of other programs", () => {
  it("accepts the header in the documentation of the Python original, with spaces behind the commas", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    writeFileSync(
      scratch.at("duration.1.csv"),
      'Timepoint, Measurement, Label, PID\n1607092101580206000, 0.023, "my code, block", 5662\n1, 2, b, 3\n',
    );
    const sources = await reader.open(scratch.path);
    assertEquals(await reader.rows(sources, "duration"), ["1607092101580206000|0.023|my code, block|5662", "1|2|b|3"]);
    assertEquals(sources.reading, { files: 1, spools: 0, databases: 0, ...none });
  });

  it("reads fields in quotes as those without, through DuckDB", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    const header = '"Timepoint","Measurement","Label","PID"\n';
    const written: [name: string, text: string][] = [
      // pandas with QUOTE_ALL, and R
      ["all", header + [1, 2].map((number) => row(number).trim().replaceAll(/[^,]+/g, '"$&"')).join("\n") + "\n"],
      // LibreOffice: "quote all text cells"
      ["text", header + row(1, '"x"') + row(2, '"x"')],
      ["header", header + row(1) + row(2)],
    ];
    for (const [name, file] of written) {
      for (const [end, changed] of [["lf", file], ["crlf", file.replaceAll("\n", "\r\n")]] as const) {
        const path = scratch.at(`${name}-${end}.csv`);
        writeFileSync(path, changed);
        const sources = await reader.open(path);
        const channel = `${name}-${end}`;
        assertEquals(await reader.rows(sources, channel), [text(1), text(2)], channel);
        assertEquals(sources.reading, { files: 1, spools: 0, databases: 0, ...none }, channel);
        assertEquals(sources.relations.get(channel)!.includes("read_csv"), true, "rows are not copied to a table");
      }
    }
    const marked = scratch.at("marked.csv");
    writeFileSync(marked, `\ufeff${written[0]![1]}\r\n`); // a spreadsheet: a byte-order mark, an empty last line
    const sources = await reader.open(marked);
    assertEquals(await reader.rows(sources, "marked"), [text(1), text(2)]);
    assertEquals(sources.reading, { files: 1, spools: 0, databases: 0, ...none });
  });

  it("reports files with another header, with a header that is cut off, and without CSV", async () => {
    using scratch = scratchDirectory();
    using reader = await Reader.create();
    writeFileSync(scratch.at("a.csv"), "PID,Measurement,Label,Timepoint\n1,2,a,3\n4,5,b,6\n");
    writeFileSync(scratch.at("b.csv"), "Timepoint,Meas");
    writeFileSync(scratch.at("c.csv"), "");
    writeFileSync(scratch.at("d.csv"), new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]));
    writeFileSync(scratch.at("e.csv"), (HEADER + row(1)).replaceAll("\n", "\r"));
    const sources = await reader.open(scratch.path);
    for (const channel of ["a", "b", "c", "d", "e"]) assertEquals(await reader.rows(sources, channel), []);
    const { files, unread, problems } = sources.reading;
    assertEquals([files, unread], [0, 5]);
    const order = "its columns are not Timepoint,Measurement,Label,PID, in this order and without others";
    assertEquals(problems.map(({ file, line, rows, reason }) => [file, line, rows, reason]), [
      [scratch.at("a.csv"), 1, 2, order],
      [scratch.at("b.csv"), 1, 1, "it is cut off"],
      [scratch.at("d.csv"), 1, 1, "it is compressed: decompress it with xz -d"],
      [scratch.at("e.csv"), 1, 1, "its lines end with CR alone"],
    ]);
  });
});
