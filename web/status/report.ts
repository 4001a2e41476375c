/** What `GET /v1/status` tells, as docs/protocol.md has it. Newer servers may tell more. */
export interface StatusReport {
  readonly version: string;
  readonly uptimeMs: number;
  readonly ready: boolean;
  /** The code of the error that newcomers get; null when it is ready. */
  readonly unreadyFor: string | null;
  readonly streams: { readonly open: number; readonly waiting: number; readonly detached: number };
  readonly viewers: number;
  readonly meetings: number;
  readonly ladder: { readonly step: LadderStep; readonly index: number };
  readonly load: {
    readonly threads: number;
    readonly batchesInFlight: number;
    /** Shares of the time of all threads, 0 to 1. */
    readonly busyShare: { readonly finals: number; readonly partials: number };
    readonly backlogMs: number;
    readonly queuedSegments: number;
    readonly bufferedAudioMs: number;
  };
  /** What is loaded, as the server describes it. */
  readonly models: unknown;
  /** Of each inference thread: the device that was asked for, where it runs, and why not where it was asked for. */
  readonly devices?: readonly {
    readonly asked: string;
    readonly runs: string;
    readonly why: string | null;
  }[];
  /** Those in use. */
  readonly gpus?: readonly {
    readonly index: number;
    readonly name: string;
    readonly usedBytes: number;
    readonly totalBytes: number;
  }[];
}

/** Where threads run that run: `cuda:0 × 2, cpu`. */
export function deviceNames({ devices = [] }: Pick<StatusReport, 'devices'>): string {
  const counts = new Map<string, number>();
  for (const { runs } of devices) counts.set(runs, (counts.get(runs) ?? 0) + 1);

  return [...counts].map(([name, count]) => (count > 1 ? `${name} × ${count}` : name)).join(', ');
}

/** What was asked for and is not in use, and why; each once. */
export function movedDevices({
  devices = [],
}: Pick<StatusReport, 'devices'>): { asked: string; why: string }[] {
  const reasons = new Map(devices.flatMap(({ asked, why }) => (why === null ? [] : [[asked, why] as const])));

  return [...reasons].map(([asked, why]) => ({ asked, why }));
}

/** From full service to refusal. */
export const LADDER_STEPS = ['full', 'slower-partials', 'finals-only', 'waiting-room', 'refuse'] as const;
export type LadderStep = (typeof LADDER_STEPS)[number];

/** Names of models, whichever shape they come in: a list or a map, of texts or of objects with a name. */
export function modelNames(models: unknown): string[] {
  if (typeof models === 'string') return [models];
  if (typeof models !== 'object' || models === null) return [];

  return Object.values(models).flatMap((model: unknown) => {
    if (Array.isArray(model)) return modelNames(model);
    if (typeof model === 'object' && model !== null && 'name' in model) return [String(model.name)];

    return typeof model === 'string' ? [model] : [];
  });
}
