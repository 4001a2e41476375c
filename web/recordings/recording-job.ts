import { batch, signal } from '@preact/signals';
import { openSpeaker, type Speaker } from '../../client-sdk/index.ts';
import type { FinalMessage } from '../../client-sdk/protocol.ts';
import { keyOption } from '../shell/api-key.ts';
import { type Trouble, troubleFrom } from '../trouble/trouble.ts';
import { DecodeError, decode, SAMPLE_RATE } from './decode.ts';

export type JobState = 'queued' | 'decoding' | 'waiting' | 'captioning' | 'done' | 'failed';

/** Sent at once; the server takes messages of up to five seconds. */
const CHUNK_SAMPLES = SAMPLE_RATE;

/** One recording, from the file to its captions. */
export class RecordingJob {
  readonly file: File;
  readonly id: string = crypto.randomUUID?.() ?? String(Math.random());
  readonly state = signal<JobState>('queued');
  readonly durationMs = signal(0);
  /** Up to there everything is captioned. */
  readonly captionedMs = signal(0);
  /** In the order of the recording. */
  readonly finals = signal<readonly FinalMessage[]>([]);
  readonly trouble = signal<Trouble | null>(null);
  #speaker: Speaker | null = null;
  #isCancelled = false;

  constructor(file: File) {
    this.file = file;
  }

  /** Decodes and captions it. Resolves when it is done, has failed or was cancelled; never rejects. */
  async run(): Promise<void> {
    if (this.#isCancelled) return;
    batch(() => {
      this.state.value = 'decoding';
      this.trouble.value = null;
      this.finals.value = [];
      this.captionedMs.value = 0;
    });
    try {
      const samples = await decode(this.file);
      this.durationMs.value = (samples.length / SAMPLE_RATE) * 1000;
      await this.#caption(samples);
      this.state.value = 'done';
    } catch (error) {
      if (this.#isCancelled) return;
      this.#speaker?.close();
      batch(() => {
        this.trouble.value =
          error instanceof DecodeError
            ? { code: error.fault, message: error.message, retryAfterMs: null }
            : troubleFrom(error);
        this.state.value = 'failed';
      });
    } finally {
      this.#speaker = null;
    }
  }

  /** Leaves it be; what is captioned stays. */
  cancel(): void {
    this.#isCancelled = true;
    this.#speaker?.close();
  }

  async #caption(samples: Int16Array): Promise<void> {
    // Without a meeting the stream is one of its own, that nobody else knows the name of.
    const speaker = openSpeaker({
      url: location.origin,
      speaker: speakerName(this.file.name),
      sampleRate: SAMPLE_RATE,
      partials: false,
      ...keyOption(),
    });
    this.#speaker = speaker;
    const failed = this.#hear(speaker);
    await Promise.race([speaker.ready, failed]);
    for (let from = 0; from < samples.length && !this.#isCancelled; from += CHUNK_SAMPLES) {
      await Promise.race([speaker.drained(), failed]);
      speaker.send(samples.subarray(from, from + CHUNK_SAMPLES));
    }
    await Promise.race([speaker.stop(), failed]);
    this.captionedMs.value = this.durationMs.value;
  }

  /** @returns what rejects when the stream fails. */
  #hear(speaker: Speaker): Promise<never> {
    speaker.on('state', (state) => {
      if (this.state.value === 'done' || this.state.value === 'failed') return;
      this.state.value = state === 'waiting' || state === 'connecting' ? 'waiting' : 'captioning';
    });
    speaker.on('final', (final) => {
      if (final.text === '') return;
      // Times of a stream that had to take the place of another one begin anew; the recording's do not.
      const { streamOriginMs } = speaker;
      const { startMs, endMs } = final;
      const placed = { ...final, startMs: startMs + streamOriginMs, endMs: endMs + streamOriginMs };
      this.finals.value = [...this.finals.value, placed];
    });
    speaker.on('ack', () => {
      this.captionedMs.value = speaker.acknowledgedMs;
    });
    const failed = new Promise<never>((_, reject) => {
      speaker.on('error', reject);
    });
    // Nobody may be waiting any more when it comes.
    failed.catch(() => undefined);

    return failed;
  }
}

/** As the server takes them: a line of at most 128 characters. */
function speakerName(fileName: string): string {
  const name = fileName
    .replace(/\.[^.]*$/, '')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
    .trim();

  return name.slice(0, 128) || 'Recording';
}
