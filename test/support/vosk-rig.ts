import { VOSK } from '../../server/dialects/vosk/vosk.ts';
import { ConversationRig } from './conversation-rig.ts';

/** A client of Vosk that was let in. @param config what it sends first. */
export function beginVosk(config: object = {}): ConversationRig {
  const rig = new ConversationRig(VOSK);
  rig.text({ config });
  rig.binary(0);
  rig.native.ready();
  rig.sent.length = 0;

  return rig;
}
