import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readConfig } from '../../server/config/config.ts';
import { runRoundtable } from '../support/running-server.ts';

const CLIP = fileURLToPath(new URL('../fixtures/audio/2414-128291-0000.flac', import.meta.url));

it('The runtime keeps no record of its use and no id for its maker, on any thread', async () => {
  const cache = await mkdtemp(join(tmpdir(), 'cache-'));
  // The runtime holds its reports back by itself where CI is set; people's machines have no such variable.
  const environment = { XDG_CACHE_HOME: cache, ROUNDTABLE_MODELS_DIR: readConfig().modelsDir, CI: '' };
  const { code, stdout } = await runRoundtable(['transcribe', '--pace', 'fast', CLIP], environment);
  expect(code).toBe(0);
  expect(stdout).not.toBe('');
  expect(await readdir(cache)).toEqual([]);
  await rm(cache, { recursive: true });
});
