import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { BookMetrics } from '../server/book-metrics.ts';
import { AudioBooks } from '../server/stream/audio-books.ts';

describe('BookMetrics', () => {
  test('do not let what one stream counted twice make up for what another lost', async () => {
    const registry = new Registry();
    const metrics = new BookMetrics(registry, () => []);
    const [lost, twice] = [new AudioBooks(), new AudioBooks()];
    lost.receive(100);
    twice.receive(100);
    for (let i = 0; i < 2; i++) twice.settleSegment(0, 100, 'transcribed');
    metrics.streamClosed(lost);
    metrics.streamClosed(twice);
    expect(await registry.metrics()).toContain('roundtable_books_imbalance_samples 200\n');
  });
});
