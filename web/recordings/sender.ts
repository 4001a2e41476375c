import { batch } from '@preact/signals';
import { Retries } from '../../client-sdk/connection/retries.ts';
import { RoundtableError } from '../../client-sdk/index.ts';
import { systemTime } from '../../client-sdk/time.ts';
import { troubleFrom } from '../trouble/trouble.ts';
import { asWav } from './decode.ts';
import type { Job } from './job.ts';
import type { Recording } from './recording.ts';
import { upload } from './upload.ts';

/** Who hears what becomes of recordings. */
export interface SenderListener {
  submitted(recording: Recording, job: Job): void;
  /** The server asks for a key; nothing is sent before `resume`. */
  needsKey(): void;
}

/** Most speakers' names that a server takes. */
const MAX_NAME_CHARACTERS = 128;

/**
 * Sends recordings one after the other, in the order they were chosen. What cannot be sent now, because the server is away or
 * has no room, is tried until it can; what follows waits, for it would fare no better.
 */
export class Sender {
  readonly #listener: SenderListener;
  readonly #retries = new Retries(systemTime, { minMs: 1000, maxMs: 15_000 }, () => this.#sendNext());
  #waiting: Recording[] = [];
  #sending: { readonly recording: Recording; readonly abort: AbortController } | null = null;

  constructor(listener: SenderListener) {
    this.#listener = listener;
    addEventListener('online', () => this.#retries.hurry());
  }

  /** Whether something would be lost with the page. */
  get isBusy(): boolean {
    return this.#sending !== null || this.#waiting.length > 0;
  }

  add(recordings: readonly Recording[]): void {
    for (const { phase, trouble } of recordings) {
      phase.value = 'waiting';
      trouble.value = null;
    }
    // While it waits to try again, so do these.
    const isIdle = !this.isBusy;
    this.#waiting.push(...recordings);
    if (isIdle) this.#sendNext();
  }

  /** Goes on after a key was asked for. */
  resume(): void {
    this.#sendNext();
  }

  /** Does not send it. */
  withdraw(recording: Recording): void {
    this.#waiting = this.#waiting.filter((each) => each !== recording);
    if (this.#sending?.recording === recording) this.#sending.abort.abort();
    recording.phase.value = 'withdrawn';
    recording.trouble.value = null;
  }

  #sendNext(): void {
    this.#retries.cancel();
    const recording = this.#waiting[0];
    if (this.#sending || !recording) return;
    const abort = new AbortController();
    this.#sending = { recording, abort };
    this.#waiting.shift();
    void this.#send(recording, abort.signal).then((isSettled) => {
      this.#sending = null;
      if (isSettled) this.#sendNext();
    });
  }

  /** @returns whether it need not be tried again. Never rejects. */
  async #send(recording: Recording, signal: AbortSignal): Promise<boolean> {
    try {
      const job = await submit(recording, signal);
      this.#retries.succeeded();
      this.#listener.submitted(recording, job);

      return true;
    } catch (error) {
      if (signal.aborted) return true;

      return this.#failed(recording, error);
    }
  }

  #failed(recording: Recording, error: unknown): boolean {
    const fault = error instanceof RoundtableError ? error : null;
    const isForKey = fault?.code === 'unauthorized';
    const isForLater = isForKey || fault?.retryable === true;
    batch(() => {
      recording.trouble.value = isForKey ? null : troubleFrom(error);
      recording.phase.value = isForLater ? 'waiting' : 'refused';
    });
    if (!isForLater) return true;
    this.#waiting.unshift(recording);
    if (isForKey) this.#listener.needsKey();
    else this.#retries.failed(fault!);

    return false;
  }
}

/** @throws {RoundtableError} `file-lost` when the file is not what it was when it was chosen. */
async function submit(recording: Recording, signal: AbortSignal): Promise<Job> {
  const file = recording.file.value!;
  try {
    return await send(recording, file, signal);
  } catch (error) {
    const code = error instanceof RoundtableError ? error.code : '';
    if (code === 'connection-lost' && !(await isReadable(file)))
      throw new RoundtableError('file-lost', 'The file was changed or is gone.');
    const wav = code === 'bad-recording' ? await asWav(file) : null;
    if (!wav) throw error;

    return await send(recording, wav, signal);
  }
}

function send(recording: Recording, contents: Blob, signal: AbortSignal): Promise<Job> {
  const { name, options, phase, sentShare } = recording;
  const { language, model, meeting } = options;
  batch(() => {
    phase.value = 'sending';
    sentShare.value = 0;
  });

  return upload({
    ...{ contents, name, signal },
    // Who reads the meeting is to see what it was.
    fields: { language, model, meeting, speaker: meeting === '' ? '' : speakerName(name) },
    onSent: (share) => {
      batch(() => {
        sentShare.value = share;
        phase.value = share < 1 ? 'sending' : 'examined';
      });
    },
  });
}

/** A request cannot tell a file that is gone from a network that is. */
async function isReadable(file: File): Promise<boolean> {
  try {
    await file.slice(0, 1).arrayBuffer();

    return true;
  } catch {
    return false;
  }
}

/** As the server takes them: one line, without marks that nobody sees. */
function speakerName(fileName: string): string {
  const name = fileName.replace(/\.[^.]*$/, '').replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');

  return [...name.trim()].slice(0, MAX_NAME_CHARACTERS).join('');
}
