import './captions.css';
import { useEffect, useState } from 'preact/hooks';
import { LiveConversation } from '../conversation/live-conversation.ts';
import { ReadingPosition } from '../conversation/reading-position.ts';
import { Announcer, Transcript } from '../conversation/transcript.tsx';
import { words } from '../i18n/language.ts';
import { changeTextSize, shortcuts } from '../shell/appearance.ts';
import { Icon } from '../shell/icon.tsx';
import { KeyPrompt } from '../shell/key-prompt.tsx';
import { captionOfHash, meetingOfPath } from '../shell/meeting-path.ts';
import { Notice } from '../shell/notice.tsx';
import { show } from '../shell/page.tsx';
import { isTyping } from '../shell/typing.ts';
import { describeTrouble, troubleFrom } from '../trouble/trouble.ts';
import { TroubleNotice } from '../trouble/trouble-notice.tsx';
import { goToCaption } from './arrival.ts';
import { Earlier } from './earlier.tsx';
import { Finder } from './finder.ts';
import { SearchBar } from './search-bar.tsx';
import { pace } from './settings.tsx';
import { Toolbar } from './toolbar.tsx';

const meeting = meetingOfPath(location.pathname);
const live = new LiveConversation();
const position = new ReadingPosition();
const finder = new Finder(live, position);

function Captions({ meeting }: { readonly meeting: string }) {
  const { shell } = words.value;
  const [isSearching, setSearching] = useState(false);
  const closeSearch = () => {
    finder.clear();
    setSearching(false);
    position.version.value++;
  };
  useEffect(() => {
    live.watch(meeting);
    const captionId = captionOfHash(location.hash);
    if (captionId !== null) goToCaption(captionId, { meeting, live, position, finder });
    const onKey = (event: KeyboardEvent) => {
      if (shortcuts.value === 'on' && !isTyping(event) && press(event.key, () => setSearching(true))) {
        event.preventDefault();
      }
    };
    addEventListener('keydown', onKey);

    return () => removeEventListener('keydown', onKey);
  }, []);

  return (
    <div class="reader">
      <a class="skip" href="#contents">
        {shell.skip}
      </a>
      <Toolbar
        meeting={meeting}
        live={live}
        position={position}
        isSearching={isSearching}
        onSearch={() => (isSearching ? closeSearch() : setSearching(true))}
      />
      {isSearching && <SearchBar finder={finder} onClose={closeSearch} />}
      <main id="contents" tabIndex={-1}>
        <Standing meeting={meeting} />
        <Transcript
          live={live}
          position={position}
          pace={pace.value}
          pattern={finder.pattern.value}
          currentHit={finder.current.value}
          before={<Earlier live={live} meeting={meeting} />}
          empty={<Quiet />}
        />
      </main>
      <SpeakingNow />
      <Announcer live={live} />
    </div>
  );
}

/** @returns whether the key does something. */
function press(key: string, search: () => void): boolean {
  const actions: Record<string, () => void> = {
    '/': search,
    '+': () => changeTextSize(1),
    '=': () => changeTextSize(1),
    '-': () => changeTextSize(-1),
    p: () => (position.isFollowing.value ? position.pause(live.conversation.finals) : position.follow()),
    l: () => position.follow(),
  };
  const action = Object.hasOwn(actions, key.toLowerCase()) ? actions[key.toLowerCase()] : undefined;
  action?.();

  return action !== undefined;
}

/** What is not as it should be, above the captions. */
function Standing({ meeting }: { readonly meeting: string }) {
  const { captions, service } = words.value;
  const error = live.error.value;
  const level = live.service.value;
  const warning = live.warning.value;
  const again = () => live.watch(meeting);

  return (
    <div class="reader-standing">
      {error?.code === 'unauthorized' && <KeyPrompt onKey={again} />}
      {error && error.code !== 'unauthorized' && (
        <div>
          <TroubleNotice trouble={troubleFrom(error)} />
          <button type="button" class="button" onClick={again}>
            {captions.tryAgain}
          </button>
        </div>
      )}
      {!error && live.state.value === 'reconnecting' && (
        <Notice tone="caution" icon="alert" title={captions.reconnecting}>
          <span>{captions.reconnectingHint}</span>
        </Notice>
      )}
      {!error && live.state.value === 'connecting' && warning && (
        <Notice tone="caution" icon="alert" title={describeTrouble(troubleFrom(warning), words.value).title}>
          <span>{captions.reconnectingHint}</span>
        </Notice>
      )}
      {!error && level && (
        <Notice tone="caution" title={service[level.level].title}>
          <span>{service[level.level].meaning}</span>
        </Notice>
      )}
    </div>
  );
}

function Quiet() {
  const { captions } = words.value;
  if (live.error.value) return null;
  if (live.state.value === 'connecting') return <p class="no-captions">{captions.connecting}</p>;

  return (
    <div class="no-captions">
      <h2>{captions.nobodyYet}</h2>
      <p>{captions.nobodyYetHint}</p>
    </div>
  );
}

/** Below the captions: who speaks at the moment, so that a pause is known from a fault. */
function SpeakingNow() {
  const { captions } = words.value;
  live.version.value;
  const names = live.conversation
    .participants(Date.now())
    .filter(({ isSpeaking }) => isSpeaking)
    .map(({ speaker }) => speaker);
  const isQuiet = names.length === 0 && live.state.value === 'live';

  return (
    <footer class="now">
      {isQuiet && captions.listening}
      {names.length > 0 && captions.speakingNow([...new Set(names)])}
    </footer>
  );
}

function NoMeeting() {
  const { captions } = words.value;

  return (
    <main class="no-meeting">
      <Icon name="speech" />
      <h1>{captions.noMeeting}</h1>
      <a href="/">{captions.toStart}</a>
    </main>
  );
}

show(meeting === null ? <NoMeeting /> : <Captions meeting={meeting} />, (words) =>
  meeting === null ? 'Roundtable' : words.captions.title(meeting),
);
