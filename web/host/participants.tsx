import { voiceColour } from '../conversation/voice-colour.ts';
import { words } from '../i18n/language.ts';
import type { HostSession } from './host-session.ts';

/** Who else has spoken, and who speaks now. Nobody is known before they say something. */
export function Participants({ session }: { readonly session: HostSession }) {
  const { host, transcript } = words.value;
  session.live.version.value;
  const own = session.ready.value?.streamId;
  const others = session.live.conversation
    .participants(Date.now())
    .filter(({ streamId, hasLeft }) => streamId !== own && !hasLeft);

  return (
    <section class="people">
      <h2>{host.others}</h2>
      {others.length === 0 && <p class="hint">{host.nobodyElse}</p>}
      <ul>
        {others.map(({ streamId, speaker, isSpeaking }) => (
          <li key={streamId} style={{ '--voice': voiceColour(speaker) }}>
            <span class="person">{speaker}</span>
            {isSpeaking && <span class="speaking">{transcript.speaking}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
