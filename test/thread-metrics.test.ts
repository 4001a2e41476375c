import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { ThreadCpu } from '../server/thread-cpu.ts';
import { ThreadMetrics } from '../server/thread-metrics.ts';

const zeros = ' 0'.repeat(10);
/** A line of /proc/self/task/N/stat. */
const stat = (id: number, ticks: number) => `${id} (node) S${zeros} ${ticks} 0 0 0 20 0 1 0 7 0\n`;

/** The values of a metric, by its label. */
async function values(registry: Registry, name: string): Promise<Record<string, number>> {
  const { values } = await registry.getSingleMetric(name)!.get();

  return Object.fromEntries(values.map(({ labels, value }) => [Object.values(labels)[0], value]));
}

describe('ThreadMetrics', () => {
  test('has nothing to tell before there are threads', async () => {
    const registry = new Registry();
    new ThreadMetrics(registry, null);
    for (const name of ['thread_crashes_total', 'thread_hangs_total', 'abandoned_threads'])
      expect(await values(registry, `roundtable_${name}`)).toEqual({ recognizer: 0, vad: 0 });
  });

  test('counts deaths and hangs by pool, and shows how many threads live on', async () => {
    const registry = new Registry();
    const metrics = new ThreadMetrics(registry, null);
    metrics.crashed('vad');
    metrics.hung('recognizer');
    metrics.hung('recognizer');
    metrics.watch({
      recognizer: { abandoned: 2, osThreadIds: [] },
      vad: { abandoned: 0, osThreadIds: [] },
    });
    expect(await values(registry, 'roundtable_thread_crashes_total')).toEqual({ recognizer: 0, vad: 1 });
    expect(await values(registry, 'roundtable_thread_hangs_total')).toEqual({ recognizer: 2, vad: 0 });
    expect(await values(registry, 'roundtable_abandoned_threads')).toEqual({ recognizer: 2, vad: 0 });
  });

  test('tells processor time by what it was spent on', async () => {
    const registry = new Registry();
    const cpu = new ThreadCpu(() => [
      stat(process.pid, 100),
      stat(7, 1000),
      stat(8, 2000),
      stat(9, 30),
      stat(10, 5),
    ]);
    const metrics = new ThreadMetrics(registry, cpu);
    metrics.watch({
      recognizer: { abandoned: 0, osThreadIds: [7, 8] },
      vad: { abandoned: 0, osThreadIds: [9] },
    });
    const seconds = { sockets: 1, inference: 30, vad: 0.3, other: 0.05 };
    for (const _ of [1, 2]) expect(await values(registry, 'roundtable_cpu_seconds_total')).toEqual(seconds);
  });

  test('has no processor time where the system does not tell', async () => {
    const registry = new Registry();
    new ThreadMetrics(registry, null);
    expect(registry.getSingleMetric('roundtable_cpu_seconds_total')).toBeUndefined();
  });
});
