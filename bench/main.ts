import { Command } from 'commander';
import { Failure } from '../server/failure.ts';
import { accuracyCommand } from './accuracy/accuracy-command.ts';
import { engineCommand } from './engine/engine-command.ts';
import { hotWordsCommand } from './hot-words/hot-words-command.ts';
import { capacityCommand } from './load/capacity-command.ts';
import { fairnessCommand } from './load/fairness-command.ts';
import { idleCommand } from './load/idle-command.ts';
import { latencyCommand } from './load/latency-command.ts';
import { recordingsCommand } from './load/recordings-command.ts';
import { soakCommand } from './load/soak-command.ts';
import { viewersCommand } from './load/viewers-command.ts';
import { senseVoiceCommand } from './sensevoice/sensevoice-command.ts';
import { simulateCommand } from './simulation/simulate-command.ts';

const program = new Command('bench')
  .description('Measure the server, and the engine in it.')
  .addCommand(accuracyCommand())
  .addCommand(engineCommand())
  .addCommand(hotWordsCommand())
  .addCommand(senseVoiceCommand())
  .addCommand(capacityCommand())
  .addCommand(latencyCommand())
  .addCommand(fairnessCommand())
  .addCommand(idleCommand())
  .addCommand(viewersCommand())
  .addCommand(recordingsCommand())
  .addCommand(soakCommand())
  .addCommand(simulateCommand());

for (const command of program.commands) command.showHelpAfterError('Try --help.');

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Failure ? `bench: ${error.message}` : error);
  process.exitCode = 1;
}
