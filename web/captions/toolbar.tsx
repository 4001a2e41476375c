import type { LiveConversation } from '../conversation/live-conversation.ts';
import type { ReadingPosition } from '../conversation/reading-position.ts';
import { words } from '../i18n/language.ts';
import { Disclosure } from '../shell/disclosure.tsx';
import { Icon } from '../shell/icon.tsx';
import { Mark } from '../shell/page.tsx';
import { LanguageSwitch } from '../shell/switches.tsx';
import { Downloads } from './downloads.tsx';
import { Settings } from './settings.tsx';
import { Share } from './share.tsx';

interface ToolbarProps {
  readonly meeting: string;
  readonly live: LiveConversation;
  readonly position: ReadingPosition;
  readonly isSearching: boolean;
  readonly onSearch: () => void;
}

/** The meeting's name, how the connection is, and what a reader can do. */
export function Toolbar({ meeting, live, position, isSearching, onSearch }: ToolbarProps) {
  const { captions, search, settings, downloads, share } = words.value;
  const isFollowing = position.isFollowing.value;
  const pauseLabel = isFollowing ? captions.pause : captions.follow;

  return (
    <header class="toolbar">
      <a class="toolbar-home" href="/" aria-label="Roundtable">
        <Mark />
      </a>
      <div class="toolbar-title">
        <h1>{meeting}</h1>
        <p class={live.state.value}>
          <span class="dot" />
          {captions.states[live.state.value]}
        </p>
      </div>
      <div class="toolbar-buttons">
        <button
          type="button"
          class="button plain square"
          aria-label={pauseLabel}
          title={pauseLabel}
          onClick={() => (isFollowing ? position.pause(live.conversation.finals) : position.follow())}
        >
          <Icon name={isFollowing ? 'pause' : 'play'} />
        </button>
        <button
          type="button"
          class="button plain square"
          aria-label={search.label}
          title={search.label}
          aria-pressed={isSearching}
          onClick={onSearch}
        >
          <Icon name="search" />
        </button>
        <Disclosure icon="text" label={settings.title}>
          <Settings />
        </Disclosure>
        <Disclosure icon="download" label={downloads.title}>
          <Downloads meeting={meeting} />
        </Disclosure>
        <Disclosure icon="share" label={share.title}>
          <Share meeting={meeting} />
        </Disclosure>
        <LanguageSwitch />
      </div>
    </header>
  );
}
