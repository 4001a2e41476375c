import type { ScriptedRecognizerOptions } from '../../inference/doubles/scripted-recognizer.ts';
import type { RecognizerCapabilities } from '../../inference/recognizer.ts';
import {
  type CaptionEvent,
  Captioner,
  type CaptionerOptions,
  type HypothesisTiming,
} from '../../server/stream/captioner.ts';
import type { SegmentRange } from '../../server/stream/segmenter.ts';
import { setUpDispatcher } from './dispatcher-rig.ts';
import type { GatedRecognizer } from './gated-recognizer.ts';

/** Each segment lies in a second of its own; a snapshot's length tells its revision. */
export function range(segmentId: number, revision: number): SegmentRange {
  const startSample = segmentId * 16_000;

  return { segmentId, revision, startSample, endSample: startSample + 100 * (revision + 1) };
}

/** A caption in a few words: `final 0.1: text`, `lost 0`. */
export function short({ event }: CaptionEvent): string {
  const { segmentId, revision } = event.range;
  if (event.type === 'lost') return `lost ${segmentId}`;

  return `${event.type} ${segmentId}.${revision}: ${event.type === 'final' ? event.hypothesis.text : event.text}`;
}

/** A captioner on a gated recogniser, and what it told. All audio arrived at 0, and none comes, unless told otherwise. */
export function setUp(
  options: Partial<CaptionerOptions> & {
    readonly capabilities?: Partial<RecognizerCapabilities>;
    readonly script?: ScriptedRecognizerOptions['script'];
  } = {},
) {
  const { clock, recognizer, dispatcher } = setUpDispatcher(
    { batching: 'equal-length', ...options.capabilities },
    options.script,
  );
  const told: string[] = [];
  const timings: (HypothesisTiming | null)[] = [];
  const settled = { count: 0 };
  const captioner = new Captioner({
    streamId: 'stream',
    meeting: 'meeting',
    model: 0,
    weight: 1,
    firstSegmentId: 0,
    partials: true,
    dispatcher,
    clock,
    cut: (_, samples) => ({ samples, language: null }),
    grow: (range) => range,
    grownEnd: ({ endSample }) => endSample,
    arrivedAtMs: () => 0,
    isLive: () => true,
    onCaption: (caption) => {
      told.push(short(caption));
      timings.push(caption.timing);
    },
    onSettled: () => settled.count++,
    onFault: (error) => {
      throw error;
    },
    ...options,
  });

  return { clock, recognizer, dispatcher, captioner, told, timings, settled };
}

/** Fails what is decoded until it is given up. */
export async function failTwice(recognizer: GatedRecognizer): Promise<void> {
  for (let i = 0; i < 2; i++) await recognizer.fail(new Error('failed'));
}
