import { parentPort } from 'node:worker_threads';
import { lowerPriority } from '../../inference/threads/join-pool.ts';
import { type ErrorCode, StreamError } from '../errors.ts';
import { type Examined, examineRecording } from './examine-recording.ts';

/** What the thread is told. */
export type ExaminerOrder =
  | { readonly type: 'examine'; readonly id: number; readonly path: string; readonly maxMs: number }
  /** Nobody wants to know any more. */
  | { readonly type: 'forget'; readonly id: number };

/** What it answers. */
export type ExaminerAnswer =
  | { readonly type: 'alive'; readonly id: number }
  | { readonly type: 'examined'; readonly id: number; readonly examined: Examined }
  /** @param code null where it has no name. */
  | {
      readonly type: 'failed';
      readonly id: number;
      readonly code: ErrorCode | null;
      readonly detail: string;
    };

/** Between two signs of life. */
const ALIVE_EVERY_MS = 1000;

const port = parentPort!;
const underWay = new Map<number, AbortController>();

lowerPriority();

port.on('message', (order: ExaminerOrder) => {
  if (order.type === 'forget') underWay.get(order.id)?.abort(new Error('Nobody wants to know any more.'));
  else void examine(order);
});

async function examine({ id, path, maxMs }: Extract<ExaminerOrder, { type: 'examine' }>): Promise<void> {
  const abort = new AbortController();
  underWay.set(id, abort);
  let toldAtMs = performance.now();
  const alive = () => {
    if (performance.now() - toldAtMs < ALIVE_EVERY_MS) return;
    toldAtMs = performance.now();
    say({ type: 'alive', id });
  };
  try {
    say({ type: 'examined', id, examined: await examineRecording(path, maxMs, abort.signal, alive) });
  } catch (error) {
    const code = error instanceof StreamError ? error.code : null;
    say({ type: 'failed', id, code, detail: String((error as Error).message) });
  } finally {
    underWay.delete(id);
  }
}

function say(answer: ExaminerAnswer): void {
  port.postMessage(answer);
}
