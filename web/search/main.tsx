import './search.css';
import { signal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { words } from '../i18n/language.ts';
import { Icon } from '../shell/icon.tsx';
import { KeyPrompt } from '../shell/key-prompt.tsx';
import { Page, show } from '../shell/page.tsx';
import { TroubleNotice } from '../trouble/trouble-notice.tsx';
import { ArchiveSearch, MAX_QUERY_CHARACTERS } from './archive-search.ts';
import { Hits } from './hits.tsx';
import { MeetingList } from './meeting-list.ts';
import { Meetings } from './meetings.tsx';

const search = new ArchiveSearch();
const list = new MeetingList();
/** The last that was deleted, to be told. */
const deleted = signal<string | null>(null);

function Search() {
  const { archive } = words.value;
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    search.open();
    void list.read();
  }, []);
  const trouble = search.trouble.value;
  const needsKey = [trouble?.code, list.trouble.value?.code].includes('unauthorized');

  return (
    <Page current="search">
      <div class="search-page">
        <div class="search-head">
          <h1>{archive.headline}</h1>
          <p>{archive.promise}</p>
        </div>
        {needsKey && (
          <KeyPrompt
            onKey={() => {
              search.now();
              void list.read();
            }}
          />
        )}
        <SearchForm field={field} />
        {trouble && trouble.code !== 'unauthorized' && (
          <>
            <TroubleNotice trouble={trouble} />
            <button type="button" class="button" onClick={() => search.now()}>
              {archive.tryAgain}
            </button>
          </>
        )}
        {!trouble && <Hits search={search} />}
        {search.found.value === null && (
          <Meetings
            list={list}
            onSearchIn={(meeting) => {
              search.within(meeting);
              field.current?.focus();
            }}
            onDeleted={(meeting) => {
              deleted.value = meeting;
              document.getElementById('kept')?.focus();
            }}
          />
        )}
        <p class="unseen" aria-live="polite">
          {deleted.value !== null && archive.deleted(deleted.value)}
        </p>
      </div>
    </Page>
  );
}

function SearchForm({ field }: { readonly field: { current: HTMLInputElement | null } }) {
  const { archive } = words.value;
  const ids = { field: useId(), hint: useId() };
  const meeting = search.meeting.value;
  const found = search.found.value;

  return (
    // biome-ignore lint/a11y/useSemanticElements: not every reader of screens knows the element yet.
    <form
      class="search-form"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        search.now();
      }}
    >
      <label for={ids.field} class="unseen">
        {archive.label}
      </label>
      <div class="search-field">
        <Icon name="search" />
        <input
          ref={field}
          id={ids.field}
          class="input"
          type="search"
          autocomplete="off"
          maxLength={MAX_QUERY_CHARACTERS}
          aria-describedby={ids.hint}
          value={search.query.value}
          onInput={(event) => search.type(event.currentTarget.value)}
        />
        <button type="submit" class="button primary">
          {archive.go}
        </button>
      </div>
      {meeting !== '' && (
        <p class="search-within">
          <span>{archive.onlyIn(meeting)}</span>
          <button type="button" class="button plain" onClick={() => search.within('')}>
            <Icon name="close" />
            {archive.everywhere}
          </button>
        </p>
      )}
      <p class="hint" id={ids.hint}>
        {archive.hint}
      </p>
      <output class="search-count">
        {search.isSearching.value && !found && archive.searching}
        {found && found.items.length > 0 && archive.found(found.items.length, found.next !== null)}
        {found?.items.length === 0 && <span class="unseen">{archive.nothing}</span>}
      </output>
    </form>
  );
}

show(<Search />, (words) => words.archive.title);
