import type { StartMessage } from '../../client-sdk/protocol.ts';
import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import type { Config } from '../config/options.ts';
import { msToSamples } from '../stream/sample-time.ts';
import type { SpeechStreamOptions } from '../stream/speech-stream-terms.ts';

/** Silero's own hysteresis. */
const THRESHOLD_HYSTERESIS = 0.15;
const LEAST_STOP_THRESHOLD = 0.05;
/** Room beyond the bound, for what the resampler still owes when the stream is stopped, and for rounding. */
export const STOP_RESERVE_SAMPLES = (SAMPLE_RATE * 32) / 1000;

/** How a stream is captioned: the server's settings, and what its `start` asks for instead. */
export function streamOptions(
  { partials = true, endpointing }: StartMessage,
  config: Config,
  identity: Pick<
    SpeechStreamOptions,
    'streamId' | 'meeting' | 'connectedAtMs' | 'model' | 'language' | 'weight' | 'resume' | 'text'
  >,
): SpeechStreamOptions {
  const {
    startThreshold,
    minSpeechMs,
    minSilenceMs,
    maxSegmentMs,
    prefixPaddingMs,
    tailPaddingMs,
    partialIntervalMs,
  } = { ...config, ...endpointing };

  return {
    ...identity,
    partials,
    endpointing: {
      startThreshold,
      stopThreshold: Math.max(LEAST_STOP_THRESHOLD, startThreshold - THRESHOLD_HYSTERESIS),
      minSpeechMs,
      minSilenceMs,
      maxSegmentMs,
      prefixPaddingMs,
      tailPaddingMs,
      partialIntervalMs,
    },
    maxBufferedSamples: msToSamples(config.maxBufferedMs) + STOP_RESERVE_SAMPLES,
    maxFences: config.maxFencesPerStream,
  };
}
