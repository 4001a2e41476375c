import { describe, expect, test } from 'vitest';
import { LevelVad } from '../inference/doubles/level-vad.ts';
import { readConfig } from '../server/config/config.ts';
import { BufferedRecorder } from '../server/history/buffered-recorder.ts';
import { MemoryStore } from '../server/history/memory-store.ts';
import { Metrics } from '../server/metrics.ts';
import { Lobby } from '../server/net/lobby.ts';
import { VadTicker } from '../server/stream/vad-ticker.ts';
import { setUpDispatcher } from './support/dispatcher-rig.ts';
import { transcriptsOf } from './support/finals.ts';
import { UNOBSERVED } from './support/history.ts';
import { askRoutes } from './support/routes-rig.ts';
import { servedModels } from './support/served-models.ts';

const LONGEST_SAMPLES = 448_000;
const MODEL = { name: 'model', hash: '0'.repeat(64) };

describe('/readyz', () => {
  test('sends balancers elsewhere before the models are there, and while the load has everybody refused', async () => {
    const { clock, dispatcher, submit } = setUpDispatcher();
    const config = readConfig();
    const lobby = new Lobby(config, clock);
    const metrics = new Metrics(lobby);
    const routes = await askRoutes(lobby, metrics, clock);
    const ask = async () => (await routes('/readyz')).status;
    expect(await ask()).toBe('503 Service Unavailable');
    const ticker = new VadTicker(new LevelVad(), clock, config, metrics);
    const models = { recognizers: servedModels({ name: 'model' }), vad: MODEL };
    const recorder = new BufferedRecorder(new MemoryStore(), clock, UNOBSERVED);
    const transcripts = await transcriptsOf();
    lobby.open({ dispatcher, ticker, ...models, recorder, transcripts });
    expect(await ask()).toBe('200 OK');
    // Some seconds of work that nobody does.
    for (let i = 0; i < 40; i++) submit(`stream ${i}`, LONGEST_SAMPLES);
    const steps = new Map<number, string>();
    for (let i = 0; i < 100 && lobby.ladderStep() < 4; i++) {
      clock.advance(500);
      steps.set(lobby.ladderStep(), await ask());
    }
    expect([...steps.values()]).toEqual(['200 OK', '200 OK', '200 OK', '200 OK', '503 Service Unavailable']);
    for (let i = 0; i < 40; i++) dispatcher.cancel(`stream ${i}`);
    for (let i = 0; i < 100 && lobby.ladderStep() === 4; i++) clock.advance(500);
    expect(await ask()).toBe('200 OK');
    await lobby.drain();
    expect(await ask()).toBe('503 Service Unavailable');
    metrics.close();
  });
});
