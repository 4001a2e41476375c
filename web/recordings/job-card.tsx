import type { FinalMessage } from '../../client-sdk/protocol.ts';
import { saveFile } from '../captions/save-file.ts';
import { words } from '../i18n/language.ts';
import { Icon } from '../shell/icon.tsx';
import { KeyPrompt } from '../shell/key-prompt.tsx';
import { TroubleNotice } from '../trouble/trouble-notice.tsx';
import type { JobList } from './job-list.ts';
import type { RecordingJob } from './recording-job.ts';
import { FILE_FORMATS, type FileFormat, transcriptFile } from './transcript-files.ts';

const MIME_TYPES: Readonly<Record<FileFormat, string>> = {
  txt: 'text/plain',
  srt: 'application/x-subrip',
  vtt: 'text/vtt',
  json: 'application/json',
};

/** One recording: how far it is, its text as it comes, and its files. */
export function JobCard({ job, list }: { readonly job: RecordingJob; readonly list: JobList }) {
  const { recordings } = words.value;
  const state = job.state.value;
  const trouble = job.trouble.value;
  const finals = job.finals.value;
  const name = job.file.name;

  return (
    <li class="card job" data-state={state}>
      <header>
        <Icon name="file" />
        <div class="job-title">
          <h2>{name}</h2>
          <p class="hint" role="status">
            {recordings.states[state]}
            {job.durationMs.value > 0 && ` · ${recordings.length(minutes(job.durationMs.value))}`}
          </p>
        </div>
        <button
          type="button"
          class="button plain square"
          aria-label={recordings.remove(name)}
          title={recordings.remove(name)}
          onClick={() => list.remove(job)}
        >
          <Icon name="close" />
        </button>
      </header>
      {(state === 'captioning' || state === 'waiting') && <Progress job={job} />}
      {trouble?.code === 'unauthorized' && <KeyPrompt onKey={() => list.retry(job)} />}
      {trouble && trouble.code !== 'unauthorized' && (
        <>
          <TroubleNotice trouble={trouble} />
          <button type="button" class="button" onClick={() => list.retry(job)}>
            {recordings.retry}
          </button>
        </>
      )}
      {finals.length > 0 && <JobText name={name} finals={finals} />}
      {state === 'done' && finals.length === 0 && <p>{recordings.nothingHeard}</p>}
      {finals.length > 0 && <JobFiles name={name} finals={finals} />}
    </li>
  );
}

interface SpokenProps {
  readonly name: string;
  readonly finals: readonly FinalMessage[];
}

function JobText({ name, finals }: SpokenProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be within reach of the keyboard.
    <section class="job-text" aria-label={words.value.recordings.text(name)} tabIndex={0}>
      {finals.map(({ captionId, startMs, text }) => (
        <p key={captionId}>
          <time>{minutes(startMs)}</time>
          <span>{text}</span>
        </p>
      ))}
    </section>
  );
}

function JobFiles({ name, finals }: SpokenProps) {
  return (
    <div class="job-files">
      {FILE_FORMATS.map((format) => (
        <button
          key={format}
          type="button"
          class="button"
          aria-label={words.value.recordings.save(name, format)}
          onClick={() => {
            const file = new Blob([transcriptFile(format, finals)], { type: MIME_TYPES[format] });
            saveFile(file, `${name.replace(/\.[^.]*$/, '')}.${format}`);
          }}
        >
          <Icon name="download" />
          {format}
        </button>
      ))}
    </div>
  );
}

function Progress({ job }: { readonly job: RecordingJob }) {
  const { recordings } = words.value;
  const durationMs = Math.max(1, job.durationMs.value);
  const percent = Math.min(100, Math.round((job.captionedMs.value / durationMs) * 100));

  return (
    <div class="progress">
      <progress max={100} value={percent} aria-label={recordings.progress(job.file.name)} />
      <span class="hint">{percent} %</span>
    </div>
  );
}

/** `1:02:03` or `2:03`. */
function minutes(lengthMs: number): string {
  const seconds = Math.floor(lengthMs / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const twoDigits = (value: number) => String(value).padStart(2, '0');

  return h > 0 ? `${h}:${twoDigits(m)}:${twoDigits(s)}` : `${m}:${twoDigits(s)}`;
}
