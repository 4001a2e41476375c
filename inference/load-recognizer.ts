import type { Device } from './device.ts';
import { moonshineCapabilities } from './moonshine/capabilities.ts';
import { canBeHeard } from './moonshine/hot-words/can-be-heard.ts';
import type { MoonshineGraphs } from './moonshine/moonshine-files.ts';
import type { Recognizer, RecognizerCapabilities } from './recognizer.ts';
import { senseVoiceCapabilities } from './sensevoice/capabilities.ts';
import type { SenseVoiceGraphs } from './sensevoice/layout.ts';
import { sherpaCapabilities } from './sherpa/capabilities.ts';
import type { SherpaGraphs } from './sherpa/sherpa-graphs.ts';

/** A model that can be loaded, of any kind. Plain data: it is sent to threads. */
export type RecognizerGraphs = MoonshineGraphs | SenseVoiceGraphs | SherpaGraphs;

/** The graphs of one model, as each sort of device is best with them. */
export interface ModelGraphs {
  readonly processor: RecognizerGraphs;
  /** Never loaded where no GPU is asked for. */
  readonly gpu: RecognizerGraphs;
}

/** Loads a model into the calling thread. @throws when it cannot be loaded on the device. */
export async function loadRecognizer(graphs: RecognizerGraphs, device: Device): Promise<Recognizer> {
  // Only the code of the model in use: the others bring vocabularies with them.
  if (graphs.kind === 'sensevoice') {
    const { SenseVoice } = await import('./sensevoice/sensevoice.ts');

    return SenseVoice.load(graphs, device);
  }
  if (graphs.kind === 'sherpa') {
    const { Sherpa } = await import('./sherpa/sherpa.ts');

    return Sherpa.load(graphs);
  }
  const { loadMoonshine } = await import('./moonshine/load-moonshine.ts');

  return loadMoonshine(graphs, device);
}

/** What the model can do in one thread, known before it is loaded. */
export function recognizerCapabilities(
  graphs: RecognizerGraphs,
): Omit<RecognizerCapabilities, 'concurrency'> {
  if (graphs.kind === 'sensevoice') return senseVoiceCapabilities(graphs);
  if (graphs.kind === 'sherpa') return sherpaCapabilities(graphs);

  return moonshineCapabilities(graphs.kind);
}

/** Tells which hot words a model can write: see `RecognizerPool.canWrite`. Reads its vocabulary where it has one to read. */
export async function hotWordWriter(graphs: RecognizerGraphs): Promise<(text: string) => boolean> {
  if (graphs.kind === 'sherpa' && graphs.hotWords) {
    const { HotWordList } = await import('./sherpa/hot-word-list.ts');
    const { readTokens } = await import('./sherpa/tokens.ts');
    const { spelling } = await readTokens(graphs);
    const list = spelling && new HotWordList(graphs.hotWords, spelling);

    return (text) => list?.canWrite(text) ?? false;
  }
  if (graphs.kind === 'rebuilt') return canBeHeard;
  if (graphs.kind !== 'sensevoice') return () => true;
  const { readHotWordTokens } = await import('./sensevoice/hot-word-tokens.ts');
  const tokens = await readHotWordTokens(graphs);

  return remembering((text) => tokens.canWrite(text));
}

/** Answers that are remembered: all streams of a meeting ask for the same words. */
const MAX_REMEMBERED = 20_000;

function remembering(ask: (text: string) => boolean): (text: string) => boolean {
  const answers = new Map<string, boolean>();

  return (text) => {
    const known = answers.get(text);
    if (known !== undefined) return known;
    if (answers.size >= MAX_REMEMBERED) answers.clear();
    const answer = ask(text);
    answers.set(text, answer);

    return answer;
  };
}
