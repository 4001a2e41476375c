/** Why the database could not do its work. */
export class PostgresStoreError extends Error {
  override readonly name = 'PostgresStoreError';
  /** PostgreSQL's (five letters and digits), the operating system's, or `NEWER_SCHEMA`; empty where there is none. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * What may be logged of an error: PostgreSQL's own come with the rows that they are about, and some messages quote what was
 * written, which is what people said.
 */
export function withoutData(error: unknown): PostgresStoreError {
  if (error instanceof PostgresStoreError) return error;
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const known = typeof code === 'string' ? code : '';
  // Data exceptions, and faults of what the statement says.
  const quotes = /^(22|42)/.test(known);

  return new PostgresStoreError(
    known,
    quotes ? `PostgreSQL refused the statement (${known}).` : String(message || known || error),
  );
}
