import { MAX_INPUT_RATE, OUTPUT_RATE } from '../audio/resampler.ts';
import { AudioCapture } from './audio-capture.ts';
import { CaptureError, toCaptureError } from './capture-error.ts';
import { type CaptureSettings, PROCESSOR_NAME } from './chunk.ts';
import type { Capture, CaptureOptions } from './terms.ts';

/**
 * Captures the audio of a stream that the browser has given.
 * @param stream belongs to the capture from now on; what it shows is let go of, and all of it when this fails.
 * @throws {CaptureError} `no-audio-shared`, or `not-supported`.
 * @throws {Error} when the worklet cannot be loaded.
 */
export async function openCapture(
  kind: Capture['kind'],
  stream: MediaStream,
  { sampleRate = OUTPUT_RATE, workletUrl }: CaptureOptions & { readonly workletUrl: string | URL },
): Promise<Capture> {
  let context: AudioContext | null = null;
  try {
    const [track] = stream.getAudioTracks();
    if (!track) throw new CaptureError('no-audio-shared');
    for (const video of stream.getVideoTracks()) video.stop();
    context = createContext(sampleRate);
    await loadWorklet(context, workletUrl);
    const settings: CaptureSettings = { outputRate: sampleRate };
    const node = new AudioWorkletNode(context, PROCESSOR_NAME, { processorOptions: settings });
    context.createMediaStreamSource(stream).connect(node);
    // Nothing is heard of it: some browsers only run what leads to the loudspeaker.
    node.connect(context.destination);

    return new AudioCapture({ kind, track, sampleRate, context, node });
  } catch (error) {
    for (const track of stream.getTracks()) track.stop();
    context?.close().catch(() => {});
    throw error instanceof DOMException ? toCaptureError(error, kind) : error;
  }
}

/** At the device's own rate where the worklet can make 16 kHz of it: its filter is known, browsers' are not. */
function createContext(sampleRate: number): AudioContext {
  if (sampleRate !== OUTPUT_RATE) return new AudioContext({ sampleRate });
  const context = new AudioContext();
  if (context.sampleRate <= MAX_INPUT_RATE) return context;
  context.close().catch(() => {});

  return new AudioContext({ sampleRate: MAX_INPUT_RATE });
}

async function loadWorklet(context: AudioContext, url: string | URL): Promise<void> {
  if (!context.audioWorklet) throw new CaptureError('not-supported');
  try {
    await context.audioWorklet.addModule(url);
  } catch (cause) {
    const sentence = `The worklet could not be loaded from ${url}. Serve capture-worklet.js of this package, and give its address as workletUrl.`;
    throw new Error(sentence, { cause });
  }
}
