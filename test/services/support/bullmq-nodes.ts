import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../../server/clock.ts';
import { type BullmqObserver, BullmqQueue } from '../../../server/jobs/bullmq/bullmq-queue.ts';
import type { QueueRules } from '../../../server/jobs/job-queue.ts';
import type { QueueRig } from '../../contract/job-queue.contract.ts';
import { type FlakyProxy, startFlakyProxy } from '../../support/flaky-proxy.ts';

/** Hears nothing. */
export const UNOBSERVED: BullmqObserver = {
  storingFailed: () => {},
  attemptFailed: () => {},
  away: () => {},
  back: () => {},
};

/** Short enough that tests need not wait for long, and longer than a busy machine keeps a node waiting. */
export const LEASE_MS = 1500;

/** A node, with a network of its own. */
export interface Node {
  readonly queue: BullmqQueue;
  readonly network: FlakyProxy;
  /** Cuts it off for good: all that others notice of a killed process. */
  kill(): void;
}

/** Starts a node that can reach Redis. */
export async function startNode(
  url: string,
  rules: QueueRules,
  observer: Partial<BullmqObserver> = {},
): Promise<Node> {
  const network = await startFlakyProxy(Number(new URL(url).port));
  const through = new URL(url);
  through.port = new URL(network.url).port;
  let back = () => {};
  const connected = new Promise<void>((resolve) => {
    back = resolve;
  });
  const queue = new BullmqQueue({
    ...{ url: through.href, rules, clock: systemClock, leaseMs: LEASE_MS },
    observer: {
      ...UNOBSERVED,
      ...observer,
      back: () => {
        back();
        observer.back?.();
      },
    },
  });
  await connected;

  return { queue, network, kill: () => network.close() };
}

/** A queue of one node at a time, in an empty database, in real time. */
export async function bullmqRig(url: string, rules: QueueRules): Promise<QueueRig> {
  let node = await startNode(url, rules);
  const killed: Node[] = [];

  return {
    get queue() {
      return node.queue;
    },
    pass: (ms) => sleep(ms),
    restart: async (how) => {
      if (how === 'close') {
        await node.queue.close();
        node.network.close();
      } else {
        node.kill();
        killed.push(node);
      }
      node = await startNode(url, rules);
    },
    close: async () => {
      await Promise.all([node, ...killed].map(({ queue }) => queue.close()));
      node.network.close();
    },
  };
}
