/** Rows as aligned columns, the first row being the heads; numbers are set to the right. */
export function formatTable(rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) => row.map(String));
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const isNumber = (text: string) => /^[-+]?[\d.]+( %| ms)?$/.test(text);

  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          isNumber(cell) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** One row of a table: cells by the heads of their columns. */
export type Row = Readonly<Record<string, string | number>>;

/** Rows that all have the same columns, under their heads; nothing of none. */
export function formatRows(rows: readonly Row[]): string {
  return rows.length === 0
    ? ''
    : formatTable([Object.keys(rows[0]!), ...rows.map((row) => Object.values(row))]);
}
