import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { Failure } from '../server/failure.ts';
import { openDatabase } from '../server/history/open-database.ts';
import { withoutData } from '../server/history/postgres-error.ts';
import { ManualClock } from './support/manual-clock.ts';
import { settle } from './support/settle.ts';

/** A port that nobody listens on. */
async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');

  return port;
}

describe('A database that is away at the start', () => {
  test('is waited for for a minute, and then told in a sentence without its password', async () => {
    const clock = new ManualClock();
    const port = await unusedPort();
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
    let isDone = false;
    const opening = openDatabase(`postgres://ada:unspeakable@127.0.0.1:${port}/captions`, clock, log)
      .catch((error: unknown) => error)
      .finally(() => {
        isDone = true;
      });
    let waits = 0;
    while (!isDone) {
      if (clock.pendingTimers > 0) {
        waits++;
        clock.advance(1000);
      }
      await settle();
    }
    expect(waits).toBe(60);
    const failure = await opening;
    expect(failure).toBeInstanceOf(Failure);
    expect((failure as Failure).message).toBe(
      `The database postgres://127.0.0.1:${port}/captions cannot be reached (ECONNREFUSED). Start it, or mend the address in --database-url, or keep transcripts in a file with --database-url none.`,
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('tried again for a minute');
    expect(JSON.stringify([lines, failure])).not.toContain('unspeakable');
  });

  test('is waited for where something else than it answers, too', async () => {
    const clock = new ManualClock();
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { readonly port: number };
    const opening = openDatabase(`postgres://127.0.0.1:${port}/x`, clock, pino({ level: 'silent' }));
    opening.catch(() => {});
    while (clock.pendingTimers === 0) await settle();
    expect(connections).toBe(1);
    clock.advance(60_000);
    await expect(opening).rejects.toThrow('cannot be reached');
    server.close();
    connect(port).on('error', () => {});
  });
});

describe("A database's error as it is logged", () => {
  test('has no rows and no values', () => {
    const error = Object.assign(new Error('invalid input syntax for type bigint: "what Ada said"'), {
      code: '22P02',
      detail: 'Failing row contains (what Ada said)',
      where: 'unnamed portal parameter $9 = what Ada said',
    });
    const told = withoutData(error);
    expect(JSON.stringify([told, told.message, told.stack, told.cause ?? null])).not.toContain('Ada');
    expect(told.code).toBe('22P02');
  });
});
