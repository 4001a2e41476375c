import './recordings.css';
import { useEffect, useRef } from 'preact/hooks';
import { words } from '../i18n/language.ts';
import { Icon } from '../shell/icon.tsx';
import { KeyPrompt } from '../shell/key-prompt.tsx';
import { Notice } from '../shell/notice.tsx';
import { Page, show } from '../shell/page.tsx';
import { describeTrouble } from '../trouble/trouble.ts';
import { useDroppedFiles } from './dropped-files.ts';
import { FilePicker } from './file-picker.tsx';
import { MOST_KEPT_JOBS } from './kept-jobs.ts';
import { RecordingCard } from './recording-card.tsx';
import { RecordingList } from './recording-list.ts';
import { chosenOptions, Settings } from './settings.tsx';

const list = new RecordingList();

function Recordings() {
  const { recordings } = words.value;
  useEffect(() => list.open(), []);

  return (
    <Page current="recordings">
      <div class="recordings">
        <div class="recordings-head">
          <h1>{recordings.headline}</h1>
          <p>{recordings.promise}</p>
        </div>
        {list.needsKey.value && <KeyPrompt onKey={() => list.takeKey()} />}
        <div class="recordings-in">
          <DropZone />
          <Settings />
        </div>
        {list.feed.state.value === 'lost' && (
          <Notice tone="caution" icon="alert" title={recordings.lost}>
            <span>{recordings.lostHint}</span>
          </Notice>
        )}
        <List />
        <Announcer />
      </div>
    </Page>
  );
}

function List() {
  const { recordings } = words.value;
  const heading = useRef<HTMLHeadingElement>(null);
  // Where the focus was is gone.
  const focus = () => heading.current?.focus();
  const all = list.recordings.value;
  if (all.length === 0) return null;
  const over = all.filter(({ isOver }) => isOver);

  return (
    <section class="jobs-section">
      <div class="jobs-head">
        <div>
          <h2 ref={heading} tabIndex={-1}>
            {recordings.yours}
          </h2>
          {all.length > 1 && <p class="standing">{recordings.over(over.length, all.length)}</p>}
        </div>
        {over.length > 1 && (
          <button
            type="button"
            class="button plain"
            onClick={() => {
              list.remove(over);
              focus();
            }}
          >
            {recordings.removeAll}
          </button>
        )}
      </div>
      <ol class="jobs">
        {all.map((recording) => (
          <RecordingCard key={recording.key} recording={recording} list={list} onRemoved={focus} />
        ))}
      </ol>
      <p class="hint">{recordings.keptHint}</p>
      {list.isOverfull.value && (
        <Notice title={recordings.overfull(MOST_KEPT_JOBS)}>
          <span>{recordings.overfullHint}</span>
        </Notice>
      )}
    </section>
  );
}

function DropZone() {
  const { recordings } = words.value;
  const add = (files: Iterable<File>) => list.add(files, chosenOptions());
  const isOver = useDroppedFiles(add);

  return (
    <div class={`drop${isOver ? ' over' : ''}`}>
      <Icon name="file" />
      <p class="drop-title">{recordings.drop}</p>
      <p class="hint">{recordings.dropHint}</p>
      <FilePicker class="button primary" label={recordings.choose} isMultiple={true} onFiles={add}>
        {recordings.choose}
      </FilePicker>
    </div>
  );
}

/** Tells those who cannot see it what has come to its end, and nothing of the way there. */
function Announcer() {
  const { recordings } = words.value;

  return (
    <div class="unseen" aria-live="polite">
      {list.announced.value.map(({ recording: { name }, job: { id, state, error } }) => (
        <p key={id}>
          {state === 'failed' && error
            ? recordings.failedNamed(
                name,
                describeTrouble({ ...error, retryAfterMs: null }, words.value).title,
              )
            : recordings.finishedNamed(name, recordings.states[state])}
        </p>
      ))}
    </div>
  );
}

show(<Recordings />, (words) => words.recordings.title);
