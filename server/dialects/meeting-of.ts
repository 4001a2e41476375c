import type { StartMessage } from '../../client-sdk/protocol.ts';
import { readMeetingName, readName } from '../net/client-messages.ts';

/**
 * Where a client of any dialect is captioned for others to read, by `?meeting=` and `?speaker=` of its address, which no
 * dialect has itself.
 * @throws {StreamError} `out-of-range` when a name is none.
 */
export function meetingOf(query: URLSearchParams): Pick<StartMessage, 'meeting' | 'speaker'> {
  const meeting = query.get('meeting');
  const speaker = query.get('speaker');

  return {
    ...(meeting !== null && { meeting: readMeetingName(meeting) }),
    ...(speaker !== null && { speaker: readName(speaker, 'speaker') }),
  };
}
