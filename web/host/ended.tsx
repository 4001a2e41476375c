import { Downloads } from '../captions/downloads.tsx';
import { words } from '../i18n/language.ts';
import { Icon } from '../shell/icon.tsx';
import { KeyPrompt } from '../shell/key-prompt.tsx';
import { meetingPath } from '../shell/meeting-path.ts';
import { TroubleNotice } from '../trouble/trouble-notice.tsx';
import type { HostSession } from './host-session.ts';

/** After the meeting: what became of it, and how to go on. */
export function Ended({ session }: { readonly session: HostSession }) {
  const { host } = words.value;
  const { meeting } = session.choices!;
  const trouble = session.trouble.value;
  const done = session.done.value;

  return (
    <div class="ended">
      <h1>{host.ended}</h1>
      {trouble && trouble.code !== 'unauthorized' && <TroubleNotice trouble={trouble} />}
      {trouble?.code === 'unauthorized' && <KeyPrompt onKey={() => void session.again()} />}
      {done && <p>{host.summary(done.captions, Math.round(done.receivedMs / 60_000))}</p>}
      <div class="ended-buttons">
        <button type="button" class="button primary" onClick={() => void session.again()}>
          <Icon name="microphone" />
          {host.again}
        </button>
        <a class="button" href={meetingPath(meeting)}>
          <Icon name="speech" />
          {host.readOn}
        </a>
        <button
          type="button"
          class="button plain"
          onClick={() => {
            session.phase.value = 'choosing';
            session.trouble.value = null;
          }}
        >
          {host.another}
        </button>
      </div>
      <section class="card">
        <h2>{words.value.downloads.title}</h2>
        <Downloads meeting={meeting} />
      </section>
    </div>
  );
}
