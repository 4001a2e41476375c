import { useEffect, useMemo, useState } from 'preact/hooks';
import { words } from '../i18n/language.ts';
import { Icon } from '../shell/icon.tsx';
import { saveFile } from '../shell/save-file.ts';
import { askServer } from '../shell/server.ts';
import { type Trouble, troubleFrom } from '../trouble/trouble.ts';
import { TroubleNotice } from '../trouble/trouble-notice.tsx';
import { FILE_FORMATS, type FileFormat, type Job, type JobResult } from './job.ts';
import { Playback } from './playback.ts';
import { Player } from './player.tsx';
import type { Recording } from './recording.ts';
import { paragraphsOf } from './sentences.ts';
import { SpokenText } from './spoken-text.tsx';

/** What was said in a recording: beside its player, and as files. */
export function ResultPanel({ recording }: { readonly recording: Recording }) {
  const { recordings } = words.value;
  const [result, setResult] = useState<JobResult | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [tries, setTries] = useState(0);
  const job = recording.job.value!;
  useEffect(() => {
    const abort = new AbortController();
    setTrouble(null);
    readResult(job, abort.signal)
      .then(setResult)
      .catch((error: unknown) => {
        if (!abort.signal.aborted) setTrouble(troubleFrom(error));
      });

    return () => abort.abort();
  }, [job.id, tries]);

  if (trouble)
    return (
      <div class="result-trouble">
        <TroubleNotice trouble={trouble} />
        <button type="button" class="button" onClick={() => setTries(tries + 1)}>
          {recordings.again}
        </button>
      </div>
    );
  if (!result) return <p class="hint">{recordings.reading}</p>;
  if (result.captions.length === 0) return <p>{recordings.nothingHeard}</p>;

  return (
    <div class="spoken">
      <Spoken recording={recording} result={result} />
      <Files job={job} name={recording.name} />
    </div>
  );
}

function Spoken({ recording, result }: { readonly recording: Recording; readonly result: JobResult }) {
  const paragraphs = useMemo(() => paragraphsOf(result), [result]);
  const playback = useMemo(() => new Playback(paragraphs), [paragraphs]);
  const isPlayable = recording.file.value !== null && !playback.isUnplayable.value;

  return (
    <>
      <Player recording={recording} playback={playback} />
      <div class="spoken-text">
        <SpokenText
          name={recording.name}
          paragraphs={paragraphs}
          playback={playback}
          isPlayable={isPlayable}
        />
      </div>
    </>
  );
}

function Files({ job, name }: { readonly job: Job; readonly name: string }) {
  const { recordings } = words.value;
  const [trouble, setTrouble] = useState<Trouble | null>(null);

  return (
    <div class="spoken-files">
      <div class="job-files">
        {FILE_FORMATS.map((format) => (
          <button
            key={format}
            type="button"
            class="button"
            aria-label={recordings.save(name, format)}
            onClick={() => {
              setTrouble(null);
              saveResult(job, format, name).catch((error: unknown) => setTrouble(troubleFrom(error)));
            }}
          >
            <Icon name="download" />
            {format}
          </button>
        ))}
      </div>
      {trouble && <TroubleNotice trouble={trouble} />}
    </div>
  );
}

async function readResult(job: Job, signal: AbortSignal): Promise<JobResult> {
  return (await (await askServer(addressOf(job, 'json'), { signal })).json()) as JobResult;
}

async function saveResult(job: Job, format: FileFormat, name: string): Promise<void> {
  const answer = await askServer(addressOf(job, format));
  saveFile(await answer.blob(), `${name.replace(/\.[^.]*$/, '')}.${format}`);
}

function addressOf({ id, links }: Job, format: FileFormat): string {
  return links.result?.[format] ?? `/v1/jobs/${id}/result.${format}`;
}
