import { describe, expect, test } from 'vitest';
import { readConfig } from '../../server/config/config.ts';
import type { DialectSockets } from '../../server/dialects/dialect-sockets.ts';
import { Metrics } from '../../server/metrics.ts';
import { Lobby } from '../../server/net/lobby.ts';
import { ManualClock } from '../support/manual-clock.ts';

describe('/metrics', () => {
  test("has the clients of each dialect, and the bytes that wait for their streams' room", async () => {
    const metrics = new Metrics(new Lobby(readConfig(), new ManualClock()));
    const clients = { deepgram: 0, openai: 1, funasr: 2, vosk: 3 };
    metrics.watchDialects({
      connected: (name) => clients[name],
      backlogBytes: () => 4096,
    } as DialectSockets);
    const lines = (await metrics.render()).body.split('\n');
    for (const [dialect, count] of Object.entries(clients))
      expect(lines).toContain(`roundtable_dialect_clients{dialect="${dialect}"} ${count}`);
    expect(lines).toContain('roundtable_dialect_backlog_bytes 4096');
    metrics.close();
  });
});
