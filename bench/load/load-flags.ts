import { type Command, InvalidArgumentError, Option } from 'commander';
import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import { wholeNumber } from '../number-flags.ts';
import type { ContenderFlags } from './contenders.ts';

/** Flags of every bench that holds meetings. */
export interface LoadFlags extends ContenderFlags {
  readonly data?: string;
  readonly seconds: number;
  readonly participants: number;
  readonly messageMs: number;
  readonly seed: number;
  readonly json?: string;
  readonly chart?: string;
}

/** @param defaults those that differ from bench to bench. */
export function withLoadFlags(
  command: Command,
  defaults: { readonly seconds: number; readonly peer: boolean },
): Command {
  return command
    .option('--data <DIR>', "folder with refs.tsv; the repository's four clips without it")
    .addOption(
      new Option('--seconds <COUNT>', 'length of what is judged')
        .argParser(wholeNumber(1, 86_400))
        .default(defaults.seconds),
    )
    .addOption(
      new Option('--participants <COUNT>', 'streams in a meeting, of which one talks at a time')
        .argParser(wholeNumber(1, 100))
        .default(4),
    )
    .addOption(new Option('--message-ms <MS>', 'audio in one message').argParser(messageLength).default(100))
    .addOption(
      new Option('--seed <NUMBER>', 'another one has meetings begin with other clips')
        .argParser(wholeNumber(0, 1_000_000))
        .default(1),
    )
    .option('--server-flags <FLAGS>', 'further flags for the server, separated by blanks')
    .option('--url <URL>', 'measure the server that runs at ws://host:port, without a peer')
    .addOption(
      new Option(
        defaults.peer ? '--no-peer' : '--peer',
        defaults.peer ? 'leave the peer server out' : 'the peer server in the same run',
      ).default(defaults.peer),
    )
    .option('--json <FILE>', 'write the figures there too')
    .option('--chart <FILE.svg>', 'draw them there');
}

const messageMs = wholeNumber(5, 1000);

/** Messages are whole numbers of samples and of slots. */
function messageLength(value: string): number {
  const ms = messageMs(value);
  if (ms % 5 !== 0 || (ms * SAMPLE_RATE) % 1000 !== 0)
    throw new InvalidArgumentError('It has to be a multiple of 5.');

  return ms;
}
