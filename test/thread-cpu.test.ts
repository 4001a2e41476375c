import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CPU_PARTS, type CpuPart, ThreadCpu } from '../server/thread-cpu.ts';

interface Thread {
  readonly id: number;
  readonly name?: string;
  readonly startedAt?: number;
  readonly user: number;
  readonly system?: number;
}

/** A line of /proc/self/task/N/stat, with other numbers where they do not matter. */
function stat({ id, name = 'node', startedAt = 1, user, system = 0 }: Thread): string {
  const fields = Array.from({ length: 52 }, (_, i) => String(1000 + i));
  fields[0] = String(id);
  fields[1] = `(${name})`;
  fields[2] = 'S';
  fields[13] = String(user);
  fields[14] = String(system);
  fields[21] = String(startedAt);

  return `${fields.join(' ')}\n`;
}

/** Readings of threads that change from one to the next. */
function reader() {
  let threads: readonly Thread[] = [];
  const cpu = new ThreadCpu(() => threads.map(stat));

  return (now: readonly Thread[], partOf: (id: number) => CpuPart) => {
    threads = now;

    return cpu.read(partOf);
  };
}

const byId = (id: number): CpuPart => CPU_PARTS[id % CPU_PARTS.length]!;

describe('ThreadCpu', () => {
  test('sums the user and system time of the threads of each part, in seconds', () => {
    const read = reader();
    const threads = [
      { id: 4, user: 150, system: 50 },
      { id: 8, user: 100 },
      { id: 1, user: 3 },
      { id: 2, user: 0, system: 7 },
    ];
    expect(read(threads, byId)).toEqual({ inference: 3, vad: 0.03, sockets: 0.07, other: 0 });
  });

  test('keeps what a thread had used when it dies', () => {
    const read = reader();
    read([{ id: 4, user: 100 }], byId);
    expect(read([], byId).inference).toBe(1);
    expect(read([{ id: 8, user: 50 }], byId).inference).toBe(1.5);
  });

  test('knows a new thread by when it started, where it has the number of a dead one', () => {
    const read = reader();
    read([{ id: 4, startedAt: 1, user: 100 }], byId);
    expect(read([{ id: 4, startedAt: 2, user: 30 }], byId).inference).toBe(1.3);
  });

  test('counts what a thread used before it was known under what it is now', () => {
    const read = reader();
    read([{ id: 4, user: 100 }], () => 'other');
    expect(read([{ id: 4, user: 150 }], () => 'inference')).toMatchObject({ other: 1, inference: 0.5 });
  });

  test('reads names that hold blanks and parentheses', () => {
    const read = reader();
    expect(read([{ id: 4, name: 'a) S 1 (b', user: 100 }], byId).inference).toBe(1);
  });

  test('never goes back, whatever threads come and go', () => {
    const reading = fc.uniqueArray(
      fc.record({ id: fc.nat(5), startedAt: fc.nat(2), part: fc.constantFrom(...CPU_PARTS) }),
      { selector: ({ id }) => id },
    );
    fc.assert(
      fc.property(fc.array(reading), (readings) => {
        const read = reader();
        let before = read([], byId);
        for (const [time, threads] of readings.entries()) {
          const parts = new Map(threads.map(({ id, part }) => [id, part]));
          const now = read(
            threads.map(({ id, startedAt }) => ({ id, startedAt, user: time * 10 })),
            (id) => parts.get(id)!,
          );
          for (const part of CPU_PARTS) expect(now[part]).toBeGreaterThanOrEqual(before[part]);
          before = now;
        }
      }),
    );
  });

  test.runIf(process.platform === 'linux')("reads the process's own threads", () => {
    const cpu = ThreadCpu.ofProcess()!;
    const partOf = (id: number): CpuPart => (id === process.pid ? 'sockets' : 'other');
    const before = cpu.read(partOf).sockets;
    while (cpu.read(partOf).sockets === before);
    expect(cpu.read(partOf).sockets).toBeGreaterThan(before);
    expect(cpu.read(partOf)).toMatchObject({ inference: 0, vad: 0 });
  });
});
