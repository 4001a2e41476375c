import './host.css';
import { useEffect } from 'preact/hooks';
import { shortcuts } from '../shell/appearance.ts';
import { Page, show } from '../shell/page.tsx';
import { isTyping } from '../shell/typing.ts';
import { Ended } from './ended.tsx';
import { HostSession } from './host-session.ts';
import { Inside } from './inside.tsx';
import { JoinForm } from './join-form.tsx';

const session = new HostSession();

function Host() {
  useEffect(() => {
    addEventListener('pagehide', () => session.leave());
    addEventListener('keydown', (event) => {
      if (shortcuts.value === 'off' || isTyping(event) || event.key.toLowerCase() !== 'm') return;
      if (session.phase.value === 'inside') session.toggleMute();
    });
  }, []);
  const phase = session.phase.value;

  return (
    <Page current="speak">
      {(phase === 'choosing' || phase === 'asking') && <JoinForm session={session} />}
      {phase === 'inside' && <Inside session={session} />}
      {phase === 'ended' && <Ended session={session} />}
    </Page>
  );
}

show(<Host />, (words) => words.host.title);
