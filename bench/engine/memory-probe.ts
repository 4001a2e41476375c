import { readFile } from 'node:fs/promises';
import type { Engine } from './engines.ts';
import type { MemoryFigures, ProbeOrder } from './memory.ts';

/** Run in a process of its own, which `memory.ts` starts: loads one engine, decodes a few clips, and says what that took. */
async function probe({ engine, model, shipped, vocabulary, clips }: ProbeOrder): Promise<MemoryFigures> {
  const { loadMoonshineEngine, loadSherpaEngine } = await import('./engines.ts');
  const load: Readonly<Record<ProbeOrder['engine'], () => Promise<Engine>>> = {
    shipped: () => loadMoonshineEngine({ kind: 'shipped', ...shipped }),
    sherpa: () => loadSherpaEngine(shipped, vocabulary),
    own: async () => {
      const { rebuiltGraphs } = await import('../rebuilt-graphs.ts');

      return loadMoonshineEngine(await rebuiltGraphs(model, shipped));
    },
  };
  const recordings = await Promise.all(clips.map((path) => readFile(path)));
  const before = process.memoryUsage.rss();
  const startedAt = performance.now();
  const loaded = await load[engine]();
  const loadMs = performance.now() - startedAt;
  for (const { buffer, byteOffset, length } of recordings)
    await loaded.decode([{ audio: new Float32Array(buffer, byteOffset, length / 4) }]);

  return { loadMs, peakBytes: (await peakRss()) - before };
}

/** Most memory this process has had at a time. What `getrusage` says starts from the parent's on Linux. */
async function peakRss(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const kib = /^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1];

  return 1024 * (kib ? Number(kib) : process.resourceUsage().maxRSS);
}

const figures = await probe(JSON.parse(process.argv[2]!) as ProbeOrder);
process.stdout.write(JSON.stringify(figures), () => process.exit());
