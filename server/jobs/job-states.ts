/** Where a job can stand. */
export const JOB_STATES = ['queued', 'running', 'completed', 'failed', 'cancelled'] as const;
/** One of `JOB_STATES`. */
export type JobState = (typeof JOB_STATES)[number];

/** What can happen to one. */
export const JOB_EVENTS = ['begin', 'complete', 'retry', 'fail', 'cancel'] as const;
/** One of `JOB_EVENTS`. */
export type JobEventType = (typeof JOB_EVENTS)[number];

/** What each event leads to; where a state has none, nothing comes of it. docs/recordings.md draws this table. */
export const TRANSITIONS: Readonly<Record<JobState, Readonly<Partial<Record<JobEventType, JobState>>>>> = {
  queued: { begin: 'running', cancel: 'cancelled' },
  running: { complete: 'completed', retry: 'queued', fail: 'failed', cancel: 'cancelled' },
  completed: {},
  failed: {},
  cancelled: {},
};

/** Whether a job in this state is through. */
export function isFinished(state: JobState): boolean {
  return Object.keys(TRANSITIONS[state]).length === 0;
}

/** The table as a Mermaid drawing. */
export function drawStates(): string {
  const arrows = Object.entries(TRANSITIONS).flatMap(([from, events]) =>
    Object.entries(events).map(([event, to]) => `  ${from} --> ${to}: ${event}`),
  );
  const ends = JOB_STATES.filter(isFinished).map((state) => `  ${state} --> [*]`);

  return ['stateDiagram-v2', '  [*] --> queued: submit', ...arrows, ...ends].join('\n');
}
