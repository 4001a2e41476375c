import { Command, Option as Flag } from 'commander';
import { readConfig } from '../config/config.ts';
import { environmentName, flagName, OPTIONS, type Option, type OptionName } from '../config/options.ts';
import { createLog } from '../log.ts';
import { startServer } from '../main.ts';
import { streamProgress } from '../model-store/progress.ts';
import { ModelStore } from '../model-store/store.ts';
import { interrupted, noteStopped, untilSignal } from './signals.ts';

/** `roundtable serve`: the server, until it is told to stop. */
export function serveCommand(): Command {
  const command = new Command('serve')
    .description('Start the server. Missing models are fetched first.')
    .addHelpText(
      'after',
      `
Each setting can also come from the environment, by the name in brackets; a flag goes before it.
Ctrl-C lets streams finish their captions; a second one ends at once. SIGHUP reads the keys file again.

Examples:
  roundtable serve --port 9000
  roundtable serve --host 0.0.0.0 --devices cpu,cpu,cpu,cpu
  ROUNDTABLE_MODELS_DIR=/srv/models roundtable serve`,
    );
  for (const [name, option] of Object.entries(OPTIONS)) {
    command.addOption(serveFlag(name as OptionName, option).helpGroup(`${option.group}:`));
  }

  return command.action((flags: Partial<Record<OptionName, string>>) => serve(flags));
}

/** A setting as a flag; its value stays text, because `readConfig` checks flags and variables alike. */
function serveFlag(name: OptionName, option: Option): Flag {
  const placeholder = option.kind === 'number' ? option.unit.toUpperCase() : option.placeholder;
  const range = option.kind === 'number' ? `${option.min} to ${option.max}, ` : '';
  const facts = `${range}default ${option.default} [${environmentName(name)}]`;

  return new Flag(`${flagName(name)} <${placeholder}>`, `${option.about} (${facts})`);
}

async function serve(flags: Partial<Record<OptionName, string>>): Promise<void> {
  const config = readConfig(flags);
  const log = createLog(config.logLevel);
  const store = new ModelStore({ directory: config.modelsDir, hub: config.modelHub });
  const server = await startServer({
    config,
    log,
    store,
    pull: async (name, signal) => {
      await store.pull(name, { signal, progress: streamProgress() });
    },
  });
  // Without a keys file the signal keeps its meaning: the terminal is gone.
  if (config.keysFile !== 'none') process.on('SIGHUP', () => void server.reloadKeys());
  const stopped = untilSignal(() => server.stop());
  try {
    await server.ready;
  } catch (error) {
    await server.stop();
    if (interrupted()) return;
    throw error;
  }
  if (!interrupted()) printAddress(server.url);
  await stopped;
  noteStopped(server);
}

/** For people; the log says the same to machines. */
function printAddress(url: string): void {
  const socket = url.replace('http', 'ws');
  console.log(`Roundtable is ready. Open ${url} in a browser.
  programs speak   ${socket}/v1/stream
  and read along   ${socket}/v1/meetings/{meeting}/captions
  try it           npx roundtable transcribe --url ${new URL(url).host} RECORDING
  stop it          Ctrl-C`);
}
