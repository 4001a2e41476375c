import { useEffect, useRef } from 'preact/hooks';
import { voiceColour } from '../conversation/voice-colour.ts';
import { dayAndTime, words } from '../i18n/language.ts';
import { captionPath } from '../shell/meeting-path.ts';
import type { Hit } from './archive.ts';
import type { ArchiveSearch } from './archive-search.ts';

/** What was found, each a way to its place in its meeting. */
export function Hits({ search }: { readonly search: ArchiveSearch }) {
  const { archive } = words.value;
  const list = useRef<HTMLOListElement>(null);
  const shown = useRef(0);
  const found = search.found.value;
  const count = found?.items.length ?? 0;
  useEffect(() => {
    // Whoever asked for more goes on where they were.
    const first = shown.current;
    shown.current = count;
    if (first > 0 && count > first && document.activeElement === document.body)
      list.current?.querySelectorAll<HTMLElement>('a')[first]?.focus();
  }, [count]);
  if (!found) return null;
  if (count === 0)
    return (
      <div class="nothing">
        <h2>{archive.nothing}</h2>
        <p>{archive.nothingHint}</p>
      </div>
    );

  return (
    <>
      <ol class="hits-found" ref={list}>
        {found.items.map((hit) => (
          <HitItem key={hit.caption.captionId} hit={hit} />
        ))}
      </ol>
      {found.next !== null && (
        <button
          type="button"
          class="button"
          disabled={search.isSearching.value}
          onClick={() => void search.more()}
        >
          {archive.more}
        </button>
      )}
    </>
  );
}

function HitItem({ hit: { caption, marks } }: { readonly hit: Hit }) {
  const { archive } = words.value;
  const { meeting, captionId, speaker, spokenAtMs, text } = caption;
  const time = dayAndTime(spokenAtMs);

  return (
    <li class="card hit" style={{ '--voice': voiceColour(speaker) }}>
      <p class="hit-head">
        <span class="turn-speaker">{speaker}</span>
        <a href={captionPath(meeting, captionId)} aria-label={archive.open(meeting, time)}>
          {meeting}
        </a>
        <time dateTime={new Date(spokenAtMs).toISOString()}>{time}</time>
      </p>
      <p class="hit-text">{markedText(text, marks)}</p>
    </li>
  );
}

function markedText(text: string, marks: Hit['marks']) {
  let end = 0;
  const parts = marks.flatMap(([from, to], i) => {
    const before = text.slice(end, from);
    end = to;

    return [before, <mark key={i}>{text.slice(from, to)}</mark>];
  });

  return [...parts, text.slice(end)];
}
