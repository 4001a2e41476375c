import type { ScriptedRecognizerOptions } from '../../inference/doubles/scripted-recognizer.ts';
import type { RecognizerCapabilities } from '../../inference/recognizer.ts';
import { DeficitRoundRobin } from '../../scheduler/deficit-round-robin.ts';
import { type CaptionEvent, Captioner, type CaptionerOptions } from '../../server/stream/captioner.ts';
import { Dispatcher } from '../../server/stream/dispatcher.ts';
import type { SegmentRange } from '../../server/stream/segmenter.ts';
import { GatedRecognizer } from './gated-recognizer.ts';
import { ManualClock } from './manual-clock.ts';

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

/** A captioner on a gated recogniser, and what it told. */
export function setUp(
  options: Partial<CaptionerOptions> & {
    readonly capabilities?: Partial<RecognizerCapabilities>;
    readonly script?: ScriptedRecognizerOptions['script'];
  } = {},
) {
  const clock = new ManualClock();
  const recognizer = new GatedRecognizer(
    { batching: 'equal-length', ...options.capabilities },
    options.script,
  );
  const scheduler = { quantum: 500, maxBatchSize: 8, maxFinalsPerFlow: 2 };
  const dispatcher = new Dispatcher(new DeficitRoundRobin(scheduler), recognizer, clock, {
    decoded: () => {},
    failed: () => {},
  });
  const told: string[] = [];
  const delays: number[] = [];
  const settled = { count: 0 };
  const captioner = new Captioner({
    streamId: 'stream',
    partials: true,
    dispatcher,
    clock,
    cut: (_, samples) => ({ samples, language: null }),
    onCaption: (caption) => {
      told.push(short(caption));
      delays.push(caption.decodeDelayMs);
    },
    onSettled: () => settled.count++,
    onFault: (error) => {
      throw error;
    },
    ...options,
  });

  return { clock, recognizer, dispatcher, captioner, told, delays, settled };
}
