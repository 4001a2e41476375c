import { useId, useState } from 'preact/hooks';
import { words } from '../i18n/language.ts';
import { Icon, type IconName } from '../shell/icon.tsx';
import { Notice } from '../shell/notice.tsx';
import { describeTrouble, type Trouble, troubleFrom } from '../trouble/trouble.ts';
import { TroubleNotice } from '../trouble/trouble-notice.tsx';
import { now } from './now.ts';
import type { Recording } from './recording.ts';
import type { RecordingList } from './recording-list.ts';
import { ResultPanel } from './result-panel.tsx';
import { chosenOptions } from './settings.tsx';
import { shareDone, standingOf } from './standing.ts';

interface CardProps {
  readonly recording: Recording;
  readonly list: RecordingList;
  /** Called once it has been taken from the list. */
  readonly onRemoved: () => void;
}

/** One recording: how it stands, what can be done about it, and what came of it. */
export function RecordingCard({ recording, list, onRemoved }: CardProps) {
  const { recordings } = words.value;
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const { name } = recording;
  const [choice, setChoice] = useState<boolean | null>(null);
  const id = useId();
  const isCompleted = recording.phase.value === 'submitted' && recording.job.value?.state === 'completed';
  // The only one is what somebody waits for, and is there by itself.
  const isOpen = choice ?? list.recordings.value.length === 1;

  return (
    <li class="card job" data-state={stateOf(recording)}>
      <header>
        <Icon name={iconOf(recording)} />
        <div class="job-title">
          <h3>{name}</h3>
          <p class="standing">
            {standingOf(recording, now.value, words.value)
              .filter((part) => part !== '')
              .map((part, i) => (
                <span key={i}>{part}</span>
              ))}
          </p>
        </div>
        {isCompleted && (
          <button
            type="button"
            class="button"
            aria-expanded={isOpen}
            aria-controls={id}
            aria-label={recordings.openNamed(name)}
            onClick={() => setChoice(!isOpen)}
          >
            <Icon name={isOpen ? 'previous' : 'next'} />
            {recordings.open}
          </button>
        )}
        <Leave {...{ recording, list, onRemoved }} onTrouble={setTrouble} />
      </header>
      <Progress recording={recording} />
      {trouble && !recording.isOver && <TroubleNotice trouble={trouble} />}
      <Fault recording={recording} />
      <Again recording={recording} list={list} />
      {isCompleted && (
        <div id={id} hidden={!isOpen}>
          {isOpen && <ResultPanel recording={recording} />}
        </div>
      )}
    </li>
  );
}

interface LeaveProps extends CardProps {
  /** Hears why it cannot be cancelled; null when that is tried anew. */
  readonly onTrouble: (trouble: Trouble | null) => void;
}

/** Cancels what goes on, and takes from the list what does not. */
function Leave({ recording, list, onRemoved, onTrouble }: LeaveProps) {
  const { recordings } = words.value;
  const { name } = recording;
  if (recording.isOver)
    return (
      <button
        type="button"
        class="button plain square"
        aria-label={recordings.remove(name)}
        title={recordings.remove(name)}
        onClick={() => {
          list.remove([recording]);
          onRemoved();
        }}
      >
        <Icon name="close" />
      </button>
    );

  return (
    <button
      type="button"
      class="button"
      aria-label={recordings.cancelNamed(name)}
      onClick={() => {
        onTrouble(null);
        list.cancel(recording).catch((error: unknown) => onTrouble(troubleFrom(error)));
      }}
    >
      {recordings.cancel}
    </button>
  );
}

/** For whoever looks for cards by how they stand. */
function stateOf(recording: Recording): string {
  const phase = recording.phase.value;

  return phase === 'submitted' ? (recording.job.value?.state ?? 'asking') : phase;
}

function iconOf(recording: Recording): IconName {
  const state = stateOf(recording);
  if (state === 'completed') return 'check';
  if (state === 'failed' || state === 'refused') return 'alert';
  if (state === 'queued' || state === 'waiting') return 'clock';

  return 'file';
}

function Progress({ recording }: { readonly recording: Recording }) {
  const { recordings } = words.value;
  const job = recording.job.value;
  const phase = recording.phase.value;
  const label = recordings.progress(recording.name);
  if (phase === 'examined') return <progress aria-label={label} />;
  if (phase === 'sending') return <progress aria-label={label} max={1} value={recording.sentShare.value} />;
  if (phase !== 'submitted' || job?.state !== 'running') return null;

  return <progress aria-label={label} max={1} value={shareDone(job)} />;
}

/** What went wrong, and what becomes of it. */
function Fault({ recording }: { readonly recording: Recording }) {
  const { recordings } = words.value;
  const trouble = recording.trouble.value;
  const job = recording.job.value;
  if (trouble && recording.isOver) return <TroubleNotice trouble={trouble} />;
  if (trouble)
    return (
      <Notice tone="caution" icon="clock" title={describeTrouble(trouble, words.value).title}>
        <span>{recordings.sentLater}</span>
      </Notice>
    );
  if (!job?.error || job.state === 'completed' || job.state === 'cancelled') return null;
  const fault: Trouble = { ...job.error, retryAfterMs: null };
  if (job.state === 'failed') return <TroubleNotice trouble={fault} />;

  return (
    <Notice tone="caution" title={describeTrouble(fault, words.value).title}>
      <span>{recordings.anotherAttempt}</span>
    </Notice>
  );
}

function Again({ recording, list }: Pick<CardProps, 'recording' | 'list'>) {
  const { recordings } = words.value;
  const { name } = recording;
  const state = stateOf(recording);
  if (!['failed', 'cancelled', 'refused', 'withdrawn'].includes(state)) return null;
  if (!recording.file.value) return <p class="hint">{recordings.chooseAgain}</p>;

  return (
    <div>
      <button
        type="button"
        class="button"
        aria-label={recordings.againNamed(name)}
        onClick={() => list.again(recording, chosenOptions())}
      >
        <Icon name="again" />
        {recordings.again}
      </button>
    </div>
  );
}
