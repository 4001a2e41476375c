import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { FinalMessage } from '../../client-sdk/protocol.ts';
import { openDatabase } from '../../server/history/open-database.ts';
import { openStream } from '../integration/speech.ts';
import { encode, join, readClips, silence } from '../support/audio.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { readMetric } from '../support/metrics.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, runRoundtable, startRoundtable } from '../support/running-server.ts';
import { settle } from '../support/settle.ts';
import { newDatabase, PASSWORD, PostgresServer, query } from './support/postgres.ts';

const url = inject('postgresUrl');
/** Outages in the loop: `ROUNDTABLE_OUTAGES=50 npm run test:services`. */
const ROUNDS = Number(process.env.ROUNDTABLE_OUTAGES ?? 4);
/** As much as is said in all rounds: a server without a database acknowledges nothing. */
const ROOM = ['--max-buffered-ms', '600000'];

/** Some sentences with pauses behind them. */
let audio: Uint8Array;

function start(databaseUrl: string): Promise<RunningServer> {
  return startRoundtable(ROOM, { ROUNDTABLE_DATABASE_URL: databaseUrl });
}

/** Final texts by segment, of however many connections. */
function transcript(...clients: readonly RawClient[]): Record<string, string> {
  const finals = clients.flatMap((client) => client.all('final'));

  return Object.fromEntries(finals.map(({ segmentId, text }) => [segmentId, text]));
}

async function storedFinals(databaseUrl: string, meeting: string): Promise<FinalMessage[]> {
  const rows = await query(
    databaseUrl,
    `SELECT caption FROM roundtable.finals WHERE meeting = '${meeting}' ORDER BY end_ms`,
  );

  return rows.map(({ caption }) => JSON.parse(caption as string) as FinalMessage);
}

/** What is told of audio that is spoken several times in one stream when nothing happens. */
async function undisturbed(times: number): Promise<Readonly<Record<string, string>>> {
  const server = await startRoundtable(ROOM);
  const client = await openStream(server);
  for (let i = 0; i < times; i++) {
    client.sendAudio(audio);
    // No more than there is room for.
    await client.passMarker(i);
  }
  client.send({ type: 'stop' });
  await client.closed;
  await server.stop();

  return transcript(client);
}

describe.skipIf(!url)('With PostgreSQL', () => {
  beforeAll(async () => {
    const clips = await readClips();
    audio = encode('pcm_s16le', join(...clips.flatMap(({ samples }) => [samples, silence(1000)])));
  });

  describe('A stream of a server that is killed', () => {
    it('goes on at another server that has the same database', async () => {
      const expected = await undisturbed(1);
      const database = await newDatabase(url!);
      const [first, second] = await Promise.all([start(database), start(database)]);
      const client = await openStream(first, { meeting: 'moved', speaker: 'Ada' });
      const { resumeToken, streamId } = client.all('ready')[0]!;
      client.sendAudio(audio.subarray(0, Math.floor(audio.length / 4) * 2));
      await client.until(() => client.all('ack').some(({ acknowledgedMs }) => acknowledgedMs > 3000));
      first.process.kill('SIGKILL');
      await first.exited;
      const next = await RawClient.connect(`${second.socketUrl}/v1/stream`);
      next.send({ type: 'resume', token: resumeToken, acknowledgedMs: 0 });
      const ready = await next.next('ready');
      expect(ready).toMatchObject({ streamId, meeting: 'moved', speaker: 'Ada' });
      expect(ready.nextFrame).toBeGreaterThanOrEqual((client.all('ack').at(-1)!.acknowledgedMs - 100) * 16);
      next.sendAudio(audio.subarray(ready.nextFrame * 2));
      next.send({ type: 'stop' });
      expect(await next.closed).toEqual({ code: 1000, reason: 'done' });
      expect(transcript(client, next)).toEqual(expected);
      const found = await fetch(`${second.url}/v1/search?q=the`);
      expect(await found.json()).toMatchObject({ hits: [{ caption: { meeting: 'moved' } }] });
      await second.stop();
      const stored = await storedFinals(database, 'moved');
      expect(Object.fromEntries(stored.map(({ segmentId, text }) => [segmentId, text]))).toEqual(expected);
    });
  });

  describe('A stream that goes on at another server while the first still waits for it', () => {
    it('is not told over again by the first', async () => {
      const expected = await undisturbed(1);
      const database = await newDatabase(url!);
      const [first, second] = await Promise.all([start(database), start(database)]);
      const client = await openStream(first, { meeting: 'kept', speaker: 'Ada' });
      const { resumeToken } = client.all('ready')[0]!;
      // In mid-sentence.
      client.sendAudio(audio.subarray(0, Math.floor(audio.length / 10) * 4));
      await client.passMarker(1);
      client.socket.terminate();
      const next = await RawClient.connect(`${second.socketUrl}/v1/stream`);
      next.send({ type: 'resume', token: resumeToken, acknowledgedMs: 0 });
      const ready = await next.next('ready');
      next.sendAudio(audio.subarray(ready.nextFrame * 2));
      next.send({ type: 'stop' });
      expect(await next.closed).toEqual({ code: 1000, reason: 'done' });
      const before = await query(database, 'SELECT record FROM roundtable.streams');
      // Ends what it still has, as it would once nobody came back in time.
      expect(await readMetric(first.url, 'roundtable_streams')).toBe(1);
      await first.stop();
      expect(await query(database, 'SELECT record FROM roundtable.streams')).toEqual(before);
      const stored = await storedFinals(database, 'kept');
      expect(Object.fromEntries(stored.map(({ segmentId, text }) => [segmentId, text]))).toEqual(expected);
      await second.stop();
    });
  });

  describe('A database that is killed again and again while somebody speaks', () => {
    let postgres: PostgresServer;

    beforeAll(async () => {
      postgres = await PostgresServer.start();
    });

    afterAll(() => postgres.remove());

    it(
      'misses no final and doubles none, and holds up no caption',
      async () => {
        const expected = await undisturbed(ROUNDS);
        const server = await start(postgres.url);
        const client = await openStream(server, { meeting: 'outages' });
        let markers = 0;
        for (let round = 0; round < ROUNDS; round++) {
          // Right behind something that is to be stored, wherever it is by now.
          const at = Math.floor((Math.random() * audio.length) / 4) * 2;
          client.sendAudio(audio.subarray(0, at));
          await client.passMarker(markers++);
          await postgres.kill();
          await client.passMarker(markers++);
          const acknowledged = client.all('ack').length;
          client.sendAudio(audio.subarray(at));
          await client.passMarker(markers++);
          expect(client.all('ack')).toHaveLength(acknowledged);
          expect((await fetch(`${server.url}/v1/search?q=x`)).status).toBe(503);
          await postgres.startAgain();
          await client.until(() => client.all('ack').length > acknowledged);
        }
        client.send({ type: 'stop' });
        expect(await client.closed).toEqual({ code: 1000, reason: 'done' });
        expect(transcript(client)).toEqual(expected);
        expect(await readMetric(server.url, 'roundtable_history_write_failures_total')).toBeGreaterThan(0);
        await server.stop();
        expect(server.log.join('\n')).not.toContain(PASSWORD);
        const stored = await storedFinals(postgres.url, 'outages');
        expect(stored.map(({ captionId }) => captionId)).toEqual(
          client.all('final').map(({ captionId }) => captionId),
        );
        expect(stored.map(({ text }) => text)).toEqual(client.all('final').map(({ text }) => text));
      },
      120_000 + ROUNDS * 20_000,
    );
  });

  describe('A server whose database', () => {
    it('refuses it ends with a sentence that does not tell the password', async () => {
      const address = url!.replace('//roundtable:', '//nobody:');
      const { code, stdout, stderr } = await runRoundtable([
        'serve',
        '--port',
        '0',
        '--database-url',
        address,
      ]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr.trimEnd()).toBe(
        `roundtable: The database postgres://${new URL(url!).host}/postgres refuses the user or the password (28P01). Mend them in --database-url, or keep transcripts in a file with --database-url none.`,
      );
    });

    it('is not there yet waits for it', async () => {
      const late = await PostgresServer.start();
      await late.kill();
      const clock = new ManualClock();
      let warned = () => {};
      const warning = new Promise<void>((resolve) => {
        warned = resolve;
      });
      const opening = openDatabase(late.url, clock, pino({ level: 'warn' }, { write: () => warned() }));
      await warning;
      await late.startAgain();
      while (clock.pendingTimers === 0) await settle();
      clock.advance(1000);
      await (await opening).close();
      const server = await start(late.url);
      expect((await fetch(`${server.url}/v1/meetings`)).status).toBe(200);
      expect(await readMetric(server.url, 'roundtable_history_store_info{store="postgres"}')).toBe(1);
      await server.stop();
      await late.remove();
    });
  });
});
