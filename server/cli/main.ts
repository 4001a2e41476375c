import { Command } from 'commander';
import { Failure } from '../failure.ts';
import { VERSION } from '../version.ts';
import { devicesCommand } from './devices-command.ts';
import { modelsCommand } from './models-command.ts';
import { serveCommand } from './serve-command.ts';
import { endIfStuck } from './signals.ts';
import { transcribeCommand } from './transcribe-command.ts';

const program = new Command('roundtable')
  .description('Live captions for many meetings at once.')
  .version(VERSION, '-v, --version', 'Print the version.')
  .helpOption('-h, --help', 'Show this help.')
  .helpCommand('help [command]', 'Show the help of a command.')
  .addCommand(serveCommand())
  .addCommand(transcribeCommand())
  .addCommand(modelsCommand())
  .addCommand(devicesCommand())
  .addHelpText(
    'after',
    `
Examples:
  roundtable serve                      start a server on 127.0.0.1:8080
  roundtable transcribe talk.flac       caption a recording as if it were spoken now; needs no server
  roundtable models list                what can be recognised, and what is installed`,
  );

// A command does not inherit it from the one it is added to.
const subcommands = program.commands.flatMap((command) => command.commands);
for (const command of [program, ...program.commands, ...subcommands])
  command.showHelpAfterError('Try --help.');

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof Failure) console.error(`roundtable: ${error.message}`);
  else console.error(error);
  process.exitCode = 1;
}
endIfStuck();
