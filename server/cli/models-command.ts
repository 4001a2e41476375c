import { Command, Option } from 'commander';
import { defaultModels } from '../model-store/catalogue.ts';
import { defaultModelsDirectory } from '../model-store/directory.ts';
import { megabytes, streamProgress } from '../model-store/progress.ts';
import { type ListedModel, listProblems, ModelStore } from '../model-store/store.ts';

const examples = `
Examples:
  $ roundtable models list
  $ roundtable models pull
  $ roundtable models pull silero-v6 --models-dir /srv/models
  $ roundtable models verify

Models from npm packages come through npm's own settings: a registry or mirror, credentials, a proxy or a
certificate authority set in .npmrc or in npm_config_* variables is used here too.
`;

/** The `models` command: looks at, fetches and checks the models on disk. */
export function modelsCommand(): Command {
  const command = new Command('models')
    .description('List, fetch and check the speech models on this machine.')
    .addHelpText('after', examples);
  command
    .command('list')
    .description('Show every model known and whether it is installed.')
    .addOption(directoryOption())
    .action(async ({ modelsDir }: DirectoryFlags) => list(new ModelStore({ directory: modelsDir })));
  command
    .command('pull')
    .description('Fetch models that are missing or damaged; what is in place is not fetched again.')
    .argument('[names...]', `models to fetch (default: ${defaultModels.join(' ')})`)
    .addOption(directoryOption())
    .action(async (names: string[], { modelsDir }: DirectoryFlags) =>
      pull(new ModelStore({ directory: modelsDir }), names.length > 0 ? names : defaultModels),
    );
  command
    .command('verify')
    .description('Read every byte and compare it with the catalogue; exits with 1 when something is wrong.')
    .argument('[names...]', 'models to check (default: all that are installed)')
    .addOption(directoryOption())
    .action(async (names: string[], { modelsDir }: DirectoryFlags) =>
      verify(new ModelStore({ directory: modelsDir }), names),
    );
  return command;
}

interface DirectoryFlags {
  readonly modelsDir: string;
}

function directoryOption(): Option {
  return new Option('--models-dir <dir>', 'folder that holds the models')
    .env('ROUNDTABLE_MODELS_DIR')
    .default(defaultModelsDirectory());
}

async function list(store: ModelStore): Promise<void> {
  const rows = (await store.list()).map(describeRow);
  const table = [['MODEL', 'LANGUAGES', 'LICENCE', 'SIZE', 'STATE'], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  for (const row of table) {
    const cells = row.map((cell, column) =>
      column === 3 ? cell.padStart(widths[3]!) : cell.padEnd(widths[column]!),
    );
    print(cells.join('  ').trimEnd());
  }
  print(`\nModels directory: ${store.directory}`);
}

function describeRow({ entry, state }: ListedModel): string[] {
  const bytes = entry.files.reduce((sum, file) => sum + file.bytes, 0);
  const languages = entry.languages.map((language) => (language === '*' ? 'any' : language)).join(' ');
  return [
    entry.name,
    languages,
    entry.licence,
    megabytes(bytes),
    state === 'absent' ? 'not installed' : state,
  ];
}

/** Exit code 130, as a shell reports a program stopped by Ctrl-C. */
const interruptedExitCode = 130;

async function pull(store: ModelStore, names: readonly string[]): Promise<void> {
  const interruption = new AbortController();
  const onInterrupt = (): void => interruption.abort();
  // Once: a second Ctrl-C kills in the usual way, which leaves no half-written model either.
  process.once('SIGINT', onInterrupt);
  try {
    for (const name of names) {
      const fetched = await store.pull(name, { signal: interruption.signal, progress: streamProgress() });
      if (fetched.length === 0) process.stderr.write(`${name}: already installed\n`);
    }
    process.stderr.write(`Models directory: ${store.directory}\n`);
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    process.stderr.write('Stopped. Files that were complete are kept; the next pull fetches the rest.\n');
    process.exitCode = interruptedExitCode;
  } finally {
    process.removeListener('SIGINT', onInterrupt);
  }
}

async function verify(store: ModelStore, given: readonly string[]): Promise<void> {
  const present = (await store.list()).filter(({ state }) => state !== 'absent');
  const names = given.length > 0 ? given : present.map(({ entry }) => entry.name);
  if (names.length === 0) print(`No models are installed in ${store.directory}.`);
  for (const name of names) {
    const problems = await store.verify(name);
    if (problems.length === 0) {
      print(`${name}: intact`);
    } else {
      print(`${name}: ${listProblems(problems)}. Run "${store.pullCommand(name)}" to repair it.`);
      process.exitCode = 1;
    }
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
