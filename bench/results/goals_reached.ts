/**
 * How many goals are reached, which are not, and what failed: read from the tables of the sections of a page, in Markdown, so that it is said of
 * sections that were measured on different days too.
 */
export function goalsReached(sections: readonly string[]): string {
  const cells = sections.flatMap(cellsOf).filter(({ text }) => /[✓✗]$/.test(text));
  const missed = cells.filter(({ text }) => text.endsWith("✗"));
  const failed = sections.flatMap((section) => {
    const [, part = ""] = /^## (.+)/.exec(section) ?? [];
    return [...section.matchAll(/^\*\*Failed on (.+):\*\*$/gm)].map(([, configuration = ""]) => ({
      what: part,
      configuration,
    }));
  });
  return [
    `**${cells.length - missed.length} of ${cells.length} goals are reached.**` + (missed.length > 0 ? " Missed:" : ""),
    ...missed.length > 0 ? [listed(missed)] : [],
    ...failed.length > 0 ? ["**Failed, so that nothing is known:**", listed(failed)] : [],
  ].join("\n\n");
}

/** A cell of a table, what it is of, and the configuration that heads its column. */
interface Cell {
  readonly what: string;
  readonly configuration: string;
  readonly text: string;
}

/** The cells of the table in a section, but for its head and its first column. */
function cellsOf(section: string): Cell[] {
  const [head = [], _rule, ...lines] = section.split("\n").filter((line) => line.startsWith("| "))
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim().replaceAll("\\|", "|")));
  return lines.flatMap(([what = "", ...texts]) =>
    texts.map((text, column) => ({ what, configuration: head[column + 1] ?? "", text }))
  );
}

/** A list of things, each with the configurations that it holds for. */
function listed(things: readonly Omit<Cell, "text">[]): string {
  const groups = Map.groupBy(things, ({ what }) => what);
  return [...groups].map(([what, group]) => `- ${what}: ${group.map(({ configuration }) => configuration).join(", ")}`)
    .join("\n");
}
