import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { openSpeaker, type Speaker } from '../../client-sdk/index.ts';
import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import { readRecording } from '../../server/recording/read-recording.ts';
import { to16kHz } from '../audio.ts';

/** What a microphone's worklet sends at a time. */
const MESSAGE_MS = 20;
/** Silence spoken after a clip, so that its last caption ends by itself. */
const AFTER_MS = 1500;

/** Delays one stream saw, in milliseconds. */
export interface Delays {
  /** From the newest audio in a partial having been spoken to the partial's arrival. */
  readonly partialLagMs: number[];
  /**
   * From the end of speech to the final's arrival, the silence of the endpoint included. Where speech ends is what the
   * server's own voice detection says, not a label.
   */
  readonly finalLatencyMs: number[];
}

/**
 * Speaks a clip in real time, on the absolute clock, and notes when its captions arrive. Audio is spoken at the
 * moment a microphone would have heard it, so that a message is sent when its last sample has been.
 * @param tailPaddingMs silence the server keeps at the end of a caption: the end of speech lies that much before.
 */
export async function measureDelays(url: string, path: string, tailPaddingMs: number): Promise<Delays> {
  const { samples, sampleRate } = await readRecording(path);
  const audio = to16kHz(samples, sampleRate);
  const speaker = openSpeaker({
    ...{ url, sampleRate: SAMPLE_RATE, encoding: 'pcm_f32le', WebSocket },
    reconnect: { giveUpAfterMs: 0 },
  });
  await speaker.ready;
  const delays: Delays = { partialLagMs: [], finalLatencyMs: [] };
  const startedAt = performance.now();
  const speaking = speak(speaker, audio, startedAt);
  // What it ends with, the events below end with too.
  speaking.catch(() => {});
  for await (const message of speaker) {
    const nowMs = performance.now() - startedAt;
    if (message.type === 'partial') delays.partialLagMs.push(nowMs - message.endMs);
    if (message.type === 'final' && message.endpoint === 'silence') {
      delays.finalLatencyMs.push(nowMs - (message.endMs - tailPaddingMs));
    }
  }
  await speaking;

  return delays;
}

async function speak(speaker: Speaker, audio: Float32Array, startedAt: number): Promise<void> {
  const messageSamples = (MESSAGE_MS * SAMPLE_RATE) / 1000;
  const total = audio.length + (AFTER_MS * SAMPLE_RATE) / 1000;
  for (let from = 0; from < total; from += messageSamples) {
    const message = new Float32Array(messageSamples);
    message.set(audio.subarray(from, from + messageSamples));
    const heardAt = startedAt + ((from + messageSamples) * 1000) / SAMPLE_RATE;
    await sleep(Math.max(0, heardAt - performance.now()));
    speaker.send(message);
  }
  await speaker.stop();
}
