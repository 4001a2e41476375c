import type { StartMessage } from '../../client-sdk/protocol.ts';
import { presentedKey } from '../admission/credentials.ts';
import { readName } from '../net/client-messages.ts';
import type { DialectRequest } from './dialect.ts';

/** The API key of a client whose dialect has no way of its own: as native ones present it, or as `?key=`; or null. */
export function keyOf({ authorization, offered, query }: DialectRequest): string | null {
  return presentedKey(authorization, offered.join(',')) ?? query.get('key');
}

/**
 * The meeting and the speaker's name that `?meeting=` and `?speaker=` ask for, which every dialect takes.
 * @throws {StreamError} when one is no name.
 */
export function meetingOf(query: URLSearchParams): Pick<StartMessage, 'meeting' | 'speaker'> {
  const [meeting, speaker] = [query.get('meeting'), query.get('speaker')];

  return {
    ...(meeting !== null && { meeting: readName(meeting, 'meeting') }),
    ...(speaker !== null && { speaker: readName(speaker, 'speaker') }),
  };
}
