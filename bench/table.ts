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
