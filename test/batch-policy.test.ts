import { describe, expect, test } from 'vitest';
import type { Device } from '../inference/device.ts';
import { ScriptedRecognizer } from '../inference/doubles/scripted-recognizer.ts';
import { batchPolicies } from '../server/batch-policy.ts';

const model = new ScriptedRecognizer({ script: () => '', capabilities: { maxBatchSize: 64 } }).capabilities;
const policies = (...devices: readonly Device[]) =>
  batchPolicies({ models: [model], places: devices.map((asked) => ({ asked, runs: asked, why: null })) });
const works = (count: number) => new Array(count).fill({ size: 5000, fresh: 5000 });

describe('The policy of batches', () => {
  test('is one for all threads where all are of the processor, one of which is spared where there are several', () => {
    expect(policies('cpu')).toMatchObject({ kinds: [{ maxBatchSize: 8 }], sparesThread: false });
    expect(policies('cpu', 'cpu')).toMatchObject({ sparesThread: true });
    expect(policies('cpu').sorts).toBeUndefined();
  });

  test('is another one for GPUs, beside that of the processor for where they fail', () => {
    const { kinds, sorts, sparesThread } = policies('cuda:0', 'cpu');
    expect(sorts).toMatchObject([[{ maxBatchSize: 64, maxLengthRatio: 4 }], [{ maxBatchSize: 8 }]]);
    expect(kinds).toBe(sorts![0]);
    expect(sparesThread).toBe(false);
  });

  test('believes from the beginning that batches pay on a GPU, and that drafts do not', () => {
    const [{ costs }] = policies('cuda:0').kinds as [ReturnType<typeof policies>['kinds'][number]];
    expect(costs.predict(works(64))).toBeLessThan(4 * costs.predict(works(1)));
    expect(costs.predict([{ size: 5000, fresh: 10 }])).toBe(costs.predict(works(1)));
  });

  test('takes no more into a batch than a model does', () => {
    const places = [{ asked: 'cuda:0', runs: 'cuda:0', why: null }] as const;
    const { kinds } = batchPolicies({ models: [{ ...model, maxBatchSize: 16 }], places });
    expect(kinds).toMatchObject([{ maxBatchSize: 16 }]);
  });
});
