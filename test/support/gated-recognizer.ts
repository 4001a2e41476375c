import {
  ScriptedRecognizer,
  type ScriptedRecognizerOptions,
} from '../../inference/doubles/scripted-recognizer.ts';
import type { DecodeResult, RecognizerCapabilities, SpeechSegment } from '../../inference/recognizer.ts';
import { settle } from './settle.ts';

interface RunningBatch {
  readonly batch: readonly SpeechSegment[];
  readonly open: () => void;
  readonly fail: (error: Error) => void;
}

/** A scripted recogniser whose batches end when, and in the order, the test says. */
export class GatedRecognizer extends ScriptedRecognizer {
  readonly #running: RunningBatch[];
  /** What each batch so far was given to be decoded in. */
  readonly deadlinesMs: (number | undefined)[] = [];

  constructor(
    capabilities: Partial<RecognizerCapabilities> = {},
    script: ScriptedRecognizerOptions['script'] = ({ samples }) => `${samples.length} samples`,
  ) {
    const running: RunningBatch[] = [];
    const gate = (batch: readonly SpeechSegment[]) =>
      new Promise<void>((open, fail) => {
        running.push({ batch, open, fail });
      });
    super({ script, gate, capabilities });
    this.#running = running;
  }

  /** Batches that wait for their answer, by the number of samples of each of their segments. */
  get running(): readonly (readonly number[])[] {
    return this.#running.map(({ batch }) => batch.map(({ samples }) => samples.length));
  }

  /** The running batches themselves. */
  get batches(): readonly (readonly SpeechSegment[])[] {
    return this.#running.map(({ batch }) => batch);
  }

  override decode(batch: readonly SpeechSegment[], deadlineMs?: number): Promise<DecodeResult> {
    this.deadlinesMs.push(deadlineMs);

    return super.decode(batch);
  }

  /** Answers a running batch. @param index among those running, the oldest first. */
  async answer(index = 0): Promise<void> {
    this.#take(index).open();
    await settle();
  }

  async fail(error: Error, index = 0): Promise<void> {
    this.#take(index).fail(error);
    await settle();
  }

  #take(index: number): RunningBatch {
    const [batch] = this.#running.splice(index, 1);
    if (!batch) throw new Error(`No batch ${index} is running.`);

    return batch;
  }
}
