import { useState } from 'preact/hooks';
import type { LiveConversation } from '../conversation/live-conversation.ts';
import { words } from '../i18n/language.ts';
import { wholeTranscript } from './whole-transcript.ts';

interface EarlierProps {
  readonly live: LiveConversation;
  readonly meeting: string;
}

/** Gets what was said before the history that the server gave by itself. */
export function Earlier({ live, meeting }: EarlierProps) {
  const { transcript } = words.value;
  const [state, setState] = useState<'ready' | 'busy' | 'failed'>('ready');
  if (!live.hasEarlier.value) return null;
  const get = async () => {
    setState('busy');
    try {
      live.addEarlier(await wholeTranscript(meeting));
    } catch {
      setState('failed');
    }
  };

  return (
    <p class="earlier">
      <button type="button" class="button" disabled={state === 'busy'} onClick={() => void get()}>
        {state === 'failed' ? transcript.earlierFailed : transcript.earlier}
      </button>
    </p>
  );
}
