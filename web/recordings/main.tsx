import './recordings.css';
import { useRef, useState } from 'preact/hooks';
import { words } from '../i18n/language.ts';
import { Icon } from '../shell/icon.tsx';
import { Page, show } from '../shell/page.tsx';
import { JobCard } from './job-card.tsx';
import { JobList } from './job-list.ts';

const list = new JobList();

function Recordings() {
  const { recordings } = words.value;
  const jobs = list.jobs.value;

  return (
    <Page current="recordings">
      <div class="recordings">
        <div class="recordings-head">
          <h1>{recordings.headline}</h1>
          <p>{recordings.promise}</p>
        </div>
        <DropZone />
        <ol class="jobs">
          {jobs.map((job) => (
            <JobCard key={job.id} job={job} list={list} />
          ))}
        </ol>
      </div>
    </Page>
  );
}

function DropZone() {
  const { recordings } = words.value;
  const [isOver, setOver] = useState(false);
  const field = useRef<HTMLInputElement>(null);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the button inside does the same for those who cannot drop.
    <div
      class={`drop${isOver ? ' over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        list.add(event.dataTransfer?.files ?? []);
      }}
    >
      <Icon name="file" />
      <p class="drop-title">{recordings.drop}</p>
      <p class="hint">{recordings.dropHint}</p>
      <button type="button" class="button primary" onClick={() => field.current?.click()}>
        {recordings.choose}
      </button>
      <input
        ref={field}
        class="unseen"
        type="file"
        accept="audio/*,video/*,.flac,.wav,.mp3,.m4a,.ogg,.opus"
        multiple
        tabIndex={-1}
        aria-label={recordings.choose}
        onChange={(event) => {
          list.add(event.currentTarget.files ?? []);
          // So that the same file may be chosen again.
          event.currentTarget.value = '';
        }}
      />
    </div>
  );
}

show(<Recordings />, (words) => words.recordings.title);
