import { useEffect, useRef } from 'preact/hooks';
import { words } from '../i18n/language.ts';
import { Icon } from '../shell/icon.tsx';
import type { Finder } from './finder.ts';

/** A field for what is looked for, and ways from hit to hit. */
export function SearchBar({ finder, onClose }: { readonly finder: Finder; readonly onClose: () => void }) {
  const { search } = words.value;
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const hits = finder.hits.value.length;
  const isEmpty = finder.query.value.trim() === '';

  return (
    <div class="search-bar">
      {/* biome-ignore lint/a11y/useSemanticElements: not every reader of screens knows the element yet. */}
      <form
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          finder.go(-1);
        }}
      >
        <Icon name="search" />
        <input
          ref={field}
          class="input"
          type="search"
          aria-label={search.label}
          placeholder={search.label}
          value={finder.query.value}
          onInput={(event) => {
            finder.query.value = event.currentTarget.value;
            finder.current.value = null;
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape') onClose();
            if (event.key !== 'Enter' || !event.shiftKey) return;
            event.preventDefault();
            finder.go(1);
          }}
        />
        <output class="hits">{isEmpty ? '' : search.hits(finder.ordinal.value, hits)}</output>
        <button
          type="submit"
          class="button plain square"
          aria-label={search.earlier}
          title={search.earlier}
          disabled={hits === 0}
        >
          <Icon name="previous" />
        </button>
        <button
          type="button"
          class="button plain square"
          aria-label={search.later}
          title={search.later}
          disabled={hits === 0}
          onClick={() => finder.go(1)}
        >
          <Icon name="next" />
        </button>
        <button
          type="button"
          class="button plain square"
          aria-label={search.close}
          title={search.close}
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </form>
    </div>
  );
}
