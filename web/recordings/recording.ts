import { signal } from '@preact/signals';
import type { Trouble } from '../trouble/trouble.ts';
import { isFinished, type Job } from './job.ts';

/** What may be chosen for recordings before they are added. */
export interface RecordingOptions {
  /** BCP 47; '' for the model's own choice. */
  readonly language: string;
  /** Its name; '' for the server's own choice. */
  readonly model: string;
  /** In whose history the captions are kept; '' for nobody's. */
  readonly meeting: string;
}

/**
 * How far a recording is on its way to the server. `submitted`: it has a job, which tells the rest. `gone`: it had one.
 */
export type Phase = 'waiting' | 'sending' | 'examined' | 'refused' | 'withdrawn' | 'submitted' | 'gone';

let nextKey = 0;

/** A recording of this browser's. */
export class Recording {
  /** Its own in this page. */
  readonly key = nextKey++;
  readonly name: string;
  /** Whether it was sent before the page was loaded: then only who chose its file knows whether it is the one. */
  readonly isFromBefore: boolean;
  options: RecordingOptions;
  /** Null after the page was loaded anew: browsers forget which file it was. */
  readonly file = signal<File | null>(null);
  readonly phase = signal<Phase>('waiting');
  /** Of the file, 0 to 1. */
  readonly sentShare = signal(0);
  /** As the server told it last; null before. */
  readonly job = signal<Job | null>(null);
  /** Moment of that, in milliseconds since 1970. */
  readonly toldAtMs = signal(0);
  /** Why it was refused, or has to wait. */
  readonly trouble = signal<Trouble | null>(null);
  /** Of its job; null before it has one. */
  id: string | null;

  private constructor(name: string, options: RecordingOptions, id: string | null) {
    this.name = name;
    this.isFromBefore = id !== null;
    this.options = options;
    this.id = id;
  }

  /** One to be sent. */
  static ofFile(file: File, options: RecordingOptions): Recording {
    const recording = new Recording(file.name, options, null);
    recording.file.value = file;

    return recording;
  }

  /** One that was sent before. */
  static ofJob(id: string, name: string): Recording {
    const recording = new Recording(name, { language: '', model: '', meeting: '' }, id);
    recording.phase.value = 'submitted';

    return recording;
  }

  /** Whether nothing more comes of it by itself. */
  get isOver(): boolean {
    const job = this.job.value;
    const phase = this.phase.value;
    if (phase === 'submitted') return job !== null && isFinished(job);

    return phase === 'refused' || phase === 'withdrawn' || phase === 'gone';
  }

  /** Whether it is still to be sent, by this page, which has its file. */
  get isToBeSent(): boolean {
    return ['waiting', 'sending', 'examined'].includes(this.phase.value);
  }
}
