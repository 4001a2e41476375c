import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { startRoundtable } from '../support/running-server.ts';

test('A server has fewer threads than cores where their models would not have room, and says so', async () => {
  // Room for Moonshine once.
  const server = await startRoundtable(['--model-memory-mb', '400']);
  const status = (await (await fetch(`${server.url}/v1/status`)).json()) as { readonly devices: unknown };
  expect(status.devices).toEqual([{ asked: 'cpu', runs: 'cpu', why: null }]);
  const told = server.log.some((line) => line.includes('fewer inference threads than cores'));
  expect(told).toBe(availableParallelism() > 1);
  await server.stop();
});
