import { mkdir, stat, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { readConfig } from '../config/config.ts';
import { Failure } from '../failure.ts';
import { createLog } from '../log.ts';
import { type Server, startServer } from '../main.ts';
import { streamProgress } from '../model-store/progress.ts';
import { ModelStore } from '../model-store/store.ts';
import {
  CAPTION_FORMATS,
  type CaptionFormat,
  type Captions,
  formatCaptions,
} from '../transcribe/caption-formats.ts';
import { LiveLine } from '../transcribe/live-line.ts';
import { PACES, type Pace } from '../transcribe/stream-recording.ts';
import { transcribeRecording } from '../transcribe/transcribe-recording.ts';
import { endAtOnce, noteStopped } from './signals.ts';

/** A server that is restarted is back by then. */
const GIVE_UP_AFTER_MS = 20_000;

interface TranscribeFlags {
  readonly url?: string;
  readonly format: CaptionFormat;
  readonly out?: string;
  readonly pace: Pace;
  readonly meeting?: string;
  readonly language?: string;
  readonly model?: string;
}

/** `roundtable transcribe`: captions of recordings, through the same path as a microphone's. */
export function transcribeCommand(): Command {
  return new Command('transcribe')
    .description(
      'Caption recordings as if they were spoken now. Reads wav and flac; other formats through ffmpeg.',
    )
    .argument('<recordings...>', 'audio files')
    .option(
      '--url <URL>',
      'a running server, such as ws://127.0.0.1:8080; without it one is started for the purpose',
      socketUrl,
    )
    .addOption(new Option('--format <FORMAT>', 'what to write').choices(CAPTION_FORMATS).default('txt'))
    .option(
      '--out <PATH>',
      'write there instead of to standard output; a directory when there are several recordings',
    )
    .addOption(new Option('--pace <PACE>', 'how fast to send').choices(PACES).default('realtime'))
    .option('--meeting <NAME>', 'speak in this meeting, so that its viewers read along')
    .option('--language <TAG>', 'what is spoken, such as en or zh-TW, or auto')
    .option(
      '--model <NAME>',
      'one of the models of the server; without --url one of the catalogue, or the path of its folder',
    )
    .addHelpText(
      'after',
      `
On a terminal the caption being spoken is shown as it grows. Captions go to standard output, everything else to
standard error. Settings of the server that is started here come from the environment (see roundtable serve --help).

Examples:
  roundtable transcribe talk.flac
  roundtable transcribe --pace fast --format srt --out talk.srt talk.wav
  roundtable transcribe --pace fast --format vtt --out captions/ monday.flac tuesday.flac
  roundtable transcribe --model ~/models/sensevoice --language auto talk.wav
  roundtable transcribe --url ws://captions.example.org --meeting standup talk.mp3`,
    )
    .action((recordings: string[], flags: TranscribeFlags) => transcribe(recordings, flags));
}

async function transcribe(recordings: readonly string[], flags: TranscribeFlags): Promise<void> {
  if (recordings.length > 1 && flags.out === undefined && flags.format !== 'txt') {
    throw new Failure(
      `Several recordings make several ${flags.format} files: name a directory for them with --out.`,
    );
  }
  if (recordings.length > 1 && flags.out !== undefined) refuseSameNames(recordings, flags.format, flags.out);
  const abort = new AbortController();
  const interrupt = (signal: NodeJS.Signals) => {
    // The second time somebody is in a hurry.
    if (abort.signal.aborted) endAtOnce(signal);
    process.exitCode = 130;
    abort.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  let server: Server | null = null;
  try {
    server = flags.url === undefined ? await startOwnServer(flags.model, abort.signal) : null;
    const url = flags.url ?? `${server!.url.replace('http', 'ws')}/v1/stream`;
    for (const recording of recordings)
      await transcribeOne(recording, url, recordings.length, flags, abort.signal);
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    await server?.stop();
    if (server) noteStopped(server);
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

async function transcribeOne(
  recording: string,
  url: string,
  recordings: number,
  { format, out, pace, meeting, language, model, url: served }: TranscribeFlags,
  signal: AbortSignal,
): Promise<void> {
  const live = new LiveLine(process.stderr);
  const printNow = out === undefined && format === 'txt';
  if (recordings > 1) console.error(`${recording}:`);
  const captions = await transcribeRecording(recording, {
    url,
    pace,
    signal,
    giveUpAfterMs: GIVE_UP_AFTER_MS,
    ...(meeting !== undefined && { meeting }),
    ...(language !== undefined && { language }),
    // A server of our own has it alone, or the list of the environment, where the language leads to one.
    ...(served !== undefined && model !== undefined && { model }),
    onWaiting: ({ ahead, expectedWaitMs }) => {
      const wait = expectedWaitMs === null ? '' : `, about ${Math.ceil(expectedWaitMs / 1000)} s`;
      console.error(`${recording}: the server has no room yet; ${ahead} ahead in the line${wait}.`);
    },
    onPartial: (text) => live.show(text),
    onFinal: ({ text }) => {
      live.clear();
      if (text !== '' && (printNow || process.stderr.isTTY))
        (printNow ? process.stdout : process.stderr).write(`${text}\n`);
    },
    onWarning: (sentence) => {
      live.clear();
      console.error(`${recording}: ${sentence}`);
    },
  }).finally(() => live.clear());
  if (!printNow) await write(captions, format, out, recordings > 1);
  if (captions.finals.length === 0) console.error(`${recording}: no speech was found.`);
}

async function write(
  captions: Captions,
  format: CaptionFormat,
  out: string | undefined,
  several: boolean,
): Promise<void> {
  const text = formatCaptions(captions, format);
  if (out === undefined) {
    process.stdout.write(text);
    return;
  }
  try {
    const path = await outputPath(captions.recording, format, out, several);
    await writeFile(path, text);
    console.error(`Wrote ${path}.`);
  } catch (error) {
    throw new Failure(`Cannot write to ${out}: ${(error as Error).message}.`);
  }
}

async function outputPath(
  recording: string,
  format: CaptionFormat,
  out: string,
  several: boolean,
): Promise<string> {
  if (several) await mkdir(out, { recursive: true });
  const existing = await stat(out).catch(() => null);

  return existing?.isDirectory() ? join(out, captionsName(recording, format)) : out;
}

function captionsName(recording: string, format: CaptionFormat): string {
  return `${basename(recording, extname(recording))}.${format}`;
}

/** @throws {Failure} when the captions of one recording would be written over those of another. */
function refuseSameNames(recordings: readonly string[], format: CaptionFormat, directory: string): void {
  const owners = new Map<string, string>();
  for (const recording of recordings) {
    const name = captionsName(recording, format);
    const other = owners.get(name);
    if (other !== undefined) {
      throw new Failure(
        `The captions of ${other} and of ${recording} would both be ${join(directory, name)}: give them different directories, in a run each.`,
      );
    }
    owners.set(name, recording);
  }
}

/** @param model in place of what the environment says. */
async function startOwnServer(model: string | undefined, signal: AbortSignal): Promise<Server> {
  // Nobody else is told of it, and what it hears is printed and not kept.
  const settings = readConfig(model === undefined ? {} : { model });
  const config = { ...settings, host: '127.0.0.1', port: 0, keysFile: 'none', dataDir: 'none' };
  const store = new ModelStore({ directory: config.modelsDir, hub: config.modelHub });
  const server = await startServer({
    config,
    log: createLog('error'),
    store,
    pull: async (name, pullSignal) => {
      await store.pull(name, { signal: AbortSignal.any([signal, pullSignal]), progress: streamProgress() });
    },
  });
  try {
    await server.ready;
  } catch (error) {
    await server.stop();
    throw error;
  }

  return server;
}

/** Takes what people type for a server: `localhost:8080`, `http://host`, `wss://host/path/v1/stream`. */
export function socketUrl(text: string): string {
  try {
    const url = new URL(/^[a-z]+:\/\//i.test(text) ? text : `ws://${text}`);
    url.protocol = url.protocol.replace('http', 'ws');
    if (!['ws:', 'wss:'].includes(url.protocol) || url.hostname === '') throw new Error('no WebSocket URL');
    if (!url.pathname.endsWith('/v1/stream')) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/stream`;

    return url.href;
  } catch {
    throw new InvalidArgumentError('It has to be a URL such as ws://127.0.0.1:8080.');
  }
}
