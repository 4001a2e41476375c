import { useState } from 'preact/hooks';
import type { HotWordsReport } from '../../client-sdk/protocol.ts';
import { ReadingPosition } from '../conversation/reading-position.ts';
import { Announcer, Transcript } from '../conversation/transcript.tsx';
import { words } from '../i18n/language.ts';
import { CopyButton } from '../shell/copy-button.tsx';
import { Icon } from '../shell/icon.tsx';
import { meetingPath } from '../shell/meeting-path.ts';
import { Notice } from '../shell/notice.tsx';
import { describeTrouble } from '../trouble/trouble.ts';
import type { HostSession } from './host-session.ts';
import { LevelMeter } from './level-meter.tsx';
import { Participants } from './participants.tsx';

/** In the meeting: what is said, and what there is to do about one's own part in it. */
export function Inside({ session }: { readonly session: HostSession }) {
  const { host, transcript } = words.value;
  const [position] = useState(() => new ReadingPosition());
  const meeting = session.choices!.meeting;
  const link = location.origin + meetingPath(meeting);
  const ownStreamId = session.ready.value?.streamId ?? null;

  return (
    <div class="inside">
      <div class="inside-captions">
        <Transcript
          live={session.live}
          position={position}
          pace="live"
          ownStreamId={ownStreamId}
          empty={
            <div class="no-captions">
              <h2>{transcript.sayHello}</h2>
              <p>{transcript.sayHelloHint}</p>
            </div>
          }
        />
      </div>
      <section class="inside-side" aria-label={host.meetingPanel}>
        <h1 class="meeting-name">{meeting}</h1>
        <OwnPart session={session} />
        <Standing session={session} />
        <section class="readers">
          <h2>{host.readersLink}</h2>
          <a href={link} target="_blank" rel="noreferrer">
            {link.replace(/^https?:\/\//, '')}
          </a>
          <CopyButton text={link} label={host.copyLink} />
        </section>
        <Participants session={session} />
      </section>
      <Announcer live={session.live} />
    </div>
  );
}

function OwnPart({ session }: { readonly session: HostSession }) {
  const { host } = words.value;
  const isMuted = session.isMuted.value;
  const isStopping = session.state.value === 'stopping';

  return (
    <section class="own" aria-label={host.yourPart}>
      <p class={`own-state ${session.state.value}`} role="status">
        <span class="dot" />
        <span>
          {isMuted && session.state.value === 'live' ? host.muted : host.states[session.state.value]}
          {session.ready.value && <span class="own-name">{session.ready.value.speaker}</span>}
        </span>
      </p>
      <LevelMeter level={session.level} isMuted={isMuted} />
      <div class="own-buttons">
        <button
          type="button"
          class={`button${isMuted ? ' primary' : ''}`}
          aria-pressed={isMuted}
          aria-keyshortcuts="m"
          disabled={isStopping}
          onClick={() => session.toggleMute()}
        >
          <Icon name={isMuted ? 'muted' : 'microphone'} />
          {isMuted ? host.unmute : host.mute}
        </button>
        <button type="button" class="button danger" disabled={isStopping} onClick={() => void session.stop()}>
          <Icon name="stop" />
          {host.stop}
        </button>
      </div>
      {session.sourceLabel.value !== '' && <p class="hint source-label">{session.sourceLabel.value}</p>}
    </section>
  );
}

/** All that is not as it should be. */
function Standing({ session }: { readonly session: HostSession }) {
  const { host, service } = words.value;
  const waiting = session.waiting.value;
  const diagnostic = session.isMuted.value ? null : session.diagnostic.value;
  const level = session.live.service.value;
  const warning = session.warning.value;
  const lostSeconds = Math.ceil(session.lostMs.value / 1000);

  return (
    <div class="standing" role="status">
      {session.state.value === 'waiting' && waiting && (
        <Notice tone="caution" icon="clock" title={host.waiting(waiting.ahead)}>
          <span>
            {host.waitingHint(
              waiting.expectedWaitMs === null ? null : Math.max(1, Math.round(waiting.expectedWaitMs / 1000)),
            )}
          </span>
        </Notice>
      )}
      <HotWordsNotice report={session.ready.value?.hotWords} />
      {session.state.value === 'reconnecting' && (
        <Notice tone="caution" icon="alert" title={host.reconnecting}>
          <span>{host.reconnectingHint}</span>
        </Notice>
      )}
      {session.state.value === 'connecting' && warning && (
        <Notice tone="caution" icon="alert" title={describeTrouble(warning, words.value).title}>
          <span>{host.tryingAgain}</span>
        </Notice>
      )}
      {level && (
        <Notice tone="caution" icon="info" title={service[level.level].title}>
          <span>{service[level.level].meaning}</span>
        </Notice>
      )}
      {diagnostic && (
        <Notice tone="caution" icon="microphone" title={host.diagnostics[diagnostic].title}>
          <span>{host.diagnostics[diagnostic].help}</span>
        </Notice>
      )}
      {lostSeconds > 0 && (
        <Notice tone="caution" icon="alert" title={host.lost(lostSeconds)}>
          <span>{host.lostHint}</span>
        </Notice>
      )}
    </div>
  );
}

/** What becomes of the words that were listed, where that is not what was hoped for. */
function HotWordsNotice({ report }: { readonly report: HotWordsReport | undefined }) {
  const { host } = words.value;
  if (!report) return null;
  if (!report.supported)
    return (
      <Notice title={host.hotWordsUnheard}>
        <span>{host.hotWordsUnheardHint}</span>
      </Notice>
    );
  const { ignored } = report;

  return ignored.length === 0 ? null : (
    <Notice title={host.hotWordsIgnored(ignored.length)}>
      <span>
        {host.hotWordsIgnoredHint} {ignored.join(', ')}
      </span>
    </Notice>
  );
}
