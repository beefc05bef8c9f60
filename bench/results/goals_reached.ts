/**
 * The number of reached goals, the missed goals and the failures, from the Markdown tables of the
 * sections of a page. So it includes sections that were measured on different days.
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

/** A cell of a table, with its line and the configuration of its column. */
interface Cell {
  readonly what: string;
  readonly configuration: string;
  readonly text: string;
}

/** The cells of the table in a section, without its head and first column. */
function cellsOf(section: string): Cell[] {
  const [head = [], _rule, ...lines] = section.split("\n").filter((line) => line.startsWith("| "))
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim().replaceAll("\\|", "|")));
  return lines.flatMap(([what = "", ...texts]) =>
    texts.map((text, column) => ({ what, configuration: head[column + 1] ?? "", text }))
  );
}

/** A list with the configurations of each line. */
function listed(things: readonly Omit<Cell, "text">[]): string {
  const groups = Map.groupBy(things, ({ what }) => what);
  return [...groups].map(([what, group]) => `- ${what}: ${group.map(({ configuration }) => configuration).join(", ")}`)
    .join("\n");
}
