/** A job that was submitted in this browser. */
export interface KeptJob {
  readonly id: string;
  readonly name: string;
}

const NAME = 'roundtable.recordings';
/** Jobs that are there when the page is loaded anew. The server keeps fewer of one browser's as a rule. */
export const MOST_KEPT_JOBS = 500;

/** Jobs that were submitted in this browser, oldest first. None where it has no storage. */
export function keptJobs(): readonly KeptJob[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(NAME) ?? '[]');

    return Array.isArray(kept) ? kept.filter(isKeptJob) : [];
  } catch {
    return [];
  }
}

/** Has a job be there when the page is loaded anew. @returns whether all that were kept before are as well. */
export function keepJob({ id, name }: KeptJob): boolean {
  const jobs = [...keptJobs(), { id, name }];
  write(jobs.slice(-MOST_KEPT_JOBS));

  return jobs.length <= MOST_KEPT_JOBS;
}

/** The opposite. */
export function forgetJob(id: string): void {
  write(keptJobs().filter((kept) => kept.id !== id));
}

function write(jobs: readonly KeptJob[]): void {
  try {
    localStorage.setItem(NAME, JSON.stringify(jobs));
  } catch {
    // They last as long as the page.
  }
}

function isKeptJob(value: unknown): value is KeptJob {
  const { id, name } = (value ?? {}) as Partial<KeptJob>;

  return typeof id === 'string' && typeof name === 'string';
}
