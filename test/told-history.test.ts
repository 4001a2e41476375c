import { describe, expect, test } from 'vitest';
import type { ViewerServerMessage } from '../client-sdk/protocol.ts';
import { eventId } from '../server/net/event-connection.ts';
import { toldHistory } from '../server/net/told-history.ts';
import { readViewerRequest } from '../server/net/viewer-request.ts';
import { finalAt, transcriptsOf } from './support/finals.ts';

const ROOMY = 1_000_000;
const grace = { streamId: 'grace', speaker: 'Grace' };
const talk = [
  finalAt(0, 'One.', { segmentId: 0 }),
  finalAt(2000, 'Two.', { ...grace, segmentId: 0 }),
  finalAt(5000, 'Three.', { segmentId: 1 }),
  finalAt(9000, 'Four.', { ...grace, segmentId: 1 }),
];

async function tell(request: { history?: string; lastEventId?: string }, maxBytes = ROOMY) {
  const viewing = readViewerRequest({ meeting: 'standup', history: null, lastEventId: '', ...request });

  return toldHistory(await transcriptsOf(...talk), viewing, maxBytes);
}

const textsOf = (messages: readonly ViewerServerMessage[]) =>
  messages.map((message) => (message.type === 'final' ? message.text : message.type));

describe('What a viewer is told of what was said before', () => {
  test('is one message with the newest finals', async () => {
    expect(await tell({ history: '3' })).toEqual([
      { type: 'history', meeting: 'standup', captions: talk.slice(1), more: true },
    ]);
    expect(await tell({ history: '1000' })).toMatchObject([{ captions: { length: 4 }, more: false }]);
  });

  test('is no more than fits, and says so', async () => {
    const bytes = Buffer.byteLength(JSON.stringify(talk[3])) + 10;
    expect(await tell({ history: '4' }, bytes)).toMatchObject([
      { captions: [{ text: 'Four.' }], more: true },
    ]);
  });

  test('is each final that may have been missed, to one who names the last that came', async () => {
    const lastEventId = eventId(talk[2]!);
    // Two and Four are somebody else's: whether they came is not known.
    expect(textsOf(await tell({ history: '50', lastEventId }))).toEqual(['Two.', 'Four.']);
  });

  test('begins with word of a gap where more was missed than fits', async () => {
    const bytes = Buffer.byteLength(JSON.stringify(talk[3])) + 10;
    expect(textsOf(await tell({ lastEventId: eventId(talk[0]!) }, bytes))).toEqual(['history', 'Four.']);
  });
});

describe("A viewer's request", () => {
  test.each(['-1', '1.5', '1001', '99999', 'all', ''])('for %s finals is refused', (history) => {
    expect(() => readViewerRequest({ meeting: 'm', history, lastEventId: '' })).toThrow(
      'history has to be a whole number from 0 to 1000.',
    );
  });

  test('takes an id that is not of this server for none', () => {
    for (const lastEventId of ['7', 'abc-def', '-s:1'])
      expect(readViewerRequest({ meeting: 'm', history: null, lastEventId }).lastSeen).toBeNull();
  });
});
