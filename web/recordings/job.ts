import type { FinalMessage } from '../../client-sdk/protocol.ts';

/** A recording in the server's queue, as docs/recordings.md has it. Newer servers may tell more. */
export interface Job {
  readonly id: string;
  readonly state: JobState;
  readonly fileName: string;
  readonly lengthMs: number;
  readonly progressMs: number;
  readonly attempts: number;
  /** Whether the captions are those of an equal recording that was submitted before. */
  readonly shared: boolean;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Jobs that come before it; null when it does not wait. */
  readonly ahead: number | null;
  /** Milliseconds from when it was told; null while nothing is known. */
  readonly expectedStartMs: number | null;
  readonly expectedEndMs: number | null;
  readonly links: { readonly result: Readonly<Partial<Record<FileFormat, string>>> | null };
}

export type JobState = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';

export const FILE_FORMATS = ['txt', 'srt', 'vtt', 'json', 'docx'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** What of a result the page shows. */
export interface JobResult {
  readonly captions: readonly Pick<FinalMessage, 'captionId' | 'startMs' | 'endMs' | 'text' | 'words'>[];
}

/** Whether nothing about it changes any more. */
export function isFinished({ state }: Pick<Job, 'state'>): boolean {
  return state !== 'queued' && state !== 'running';
}
