import type { Recognizer } from '../../inference/recognizer.ts';
import type { RecognizerPool } from '../../inference/recognizer-pool.ts';

/** Recognisers of the calling thread as the models of one pool: what one of them runs, none of the others could. */
export function poolOf(...recognizers: readonly [Recognizer, ...Recognizer[]]): RecognizerPool {
  const { concurrency } = recognizers[0].capabilities;

  return {
    models: recognizers.map(({ capabilities }) => capabilities),
    concurrency,
    nextSort: () => 0,
    threadsBySort: [concurrency],
    canWrite: () => true,
    get idle() {
      const busy = recognizers.reduce((sum, { idle }) => sum + concurrency - idle, 0);

      return Math.max(0, concurrency - busy);
    },
    decode: (model, batch, deadlineMs) => recognizers[model]!.decode(batch, deadlineMs),
    onIdle: (listener) => {
      for (const recognizer of recognizers) recognizer.onIdle(listener);
    },
    close: async () => {
      await Promise.all(recognizers.map((recognizer) => recognizer.close()));
    },
  };
}

/** One model of a pool as a recogniser. Closing it closes the pool. */
export function recognizerOf(pool: RecognizerPool, model = 0): Recognizer {
  return {
    capabilities: pool.models[model]!,
    get idle() {
      return pool.idle;
    },
    decode: (batch, deadlineMs) => pool.decode(model, batch, deadlineMs),
    onIdle: (listener) => pool.onIdle(listener),
    close: () => pool.close(),
  };
}
