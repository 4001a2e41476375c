import { describe, expect, it } from 'vitest';
import { meetingOf } from '../../server/dialects/meeting-of.ts';

describe('The meeting in an address of any dialect', () => {
  it('is left out when the address names none', () => {
    expect(meetingOf(new URLSearchParams('model=nova-3'))).toEqual({});
  });

  it('is taken with the speaker', () => {
    expect(meetingOf(new URLSearchParams('meeting=weekly%20round&speaker=+Ada+'))).toEqual({
      meeting: 'weekly round',
      speaker: 'Ada',
    });
  });

  it.each(['meeting=', 'speaker=%00', `meeting=${'x'.repeat(129)}`])('is refused as %j', (query) => {
    expect(() => meetingOf(new URLSearchParams(query))).toThrow(
      expect.objectContaining({ code: 'out-of-range' }),
    );
  });
});
