/** Errors of a disk, or of a user's share of it, that is full; the last is SQLite's. */
const FULL = ['ENOSPC', 'EDQUOT', 'SQLITE_FULL'];

/** Whether something failed because there was no room on the disk. */
export function isDiskFull(error: unknown): boolean {
  return FULL.includes(String((error as { readonly code?: unknown } | null)?.code));
}
