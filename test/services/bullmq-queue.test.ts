import { describe, inject } from 'vitest';
import { describeJobQueue } from '../contract/job-queue.contract.ts';
import { bullmqRig } from './support/bullmq-nodes.ts';
import { emptyDatabase } from './support/redis.ts';

const url = inject('redisUrl');

describe.skipIf(!url)('With Redis', () => {
  describeJobQueue({
    name: 'BullmqQueue',
    create: async (rules) => bullmqRig(await emptyDatabase(url!, 1), rules),
  });
});
