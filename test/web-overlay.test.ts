import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { FinalMessage } from '../client-sdk/protocol.ts';
import { OVERLAY_DEFAULTS, overlayOptions, overlayQuery, POSITIONS } from '../web/overlay/options.ts';
import { Roll } from '../web/overlay/roll.ts';

function final(segmentId: number, text: string): FinalMessage {
  return {
    ...{ type: 'final', meeting: 'standup', streamId: 'a', speaker: 'Ada', captionId: `a:${segmentId}` },
    ...{ segmentId, revision: 9, startMs: 0, endMs: 1000, spokenAtMs: 0, text },
    ...{ endpoint: 'silence', language: 'en', model: 'model' },
  } as FinalMessage;
}

const LONG = Array.from({ length: 40 }, (_, i) => `word${i}`).join(' ');

describe('Roll', () => {
  const options = { lines: 2, chars: 40, names: false, hideAfterMs: 6000 };

  it('leaves each line of a long caption on the screen for at least a second, and leaves none out', () => {
    const roll = new Roll(options);
    roll.hear(final(0, LONG), 0);
    const shownFor = new Map<string, number>();
    for (let nowMs = 0; nowMs < 60_000; nowMs += 100) {
      const lines = roll.linesAt(nowMs);
      expect(lines.length).toBeLessThanOrEqual(2);
      for (const { text } of lines) shownFor.set(text, (shownFor.get(text) ?? 0) + 100);
    }
    expect([...shownFor.keys()].join(' ')).toBe(LONG);
    for (const shownMs of shownFor.values()) expect(shownMs).toBeGreaterThanOrEqual(1000);
  });

  it('empties the screen some time after the last word, and never where that is wanted', () => {
    const [fleeting, lasting] = [new Roll(options), new Roll({ ...options, hideAfterMs: 0 })];
    for (const roll of [fleeting, lasting]) {
      roll.hear(final(0, 'Hello.'), 0);
      expect(roll.linesAt(0)).toHaveLength(1);
    }
    expect(fleeting.linesAt(5900)).toHaveLength(1);
    expect(fleeting.linesAt(6000)).toHaveLength(0);
    expect(lasting.linesAt(60_000)).toHaveLength(1);
    fleeting.hear(final(1, 'Again.'), 7000);
    expect(fleeting.linesAt(7000).map(({ text }) => text)).toEqual(['Again.']);
  });

  it('names a speaker where they begin', () => {
    const roll = new Roll({ ...options, names: true });
    roll.hear(final(0, 'Hello.'), 0);
    roll.hear(final(1, 'Again.'), 100);
    expect(roll.linesAt(200).map(({ speaker, text }) => [speaker, text])).toEqual([
      ['Ada', 'Hello.'],
      [null, 'Again.'],
    ]);
  });
});

describe('An overlay’s address', () => {
  it('means the defaults where it says nothing, or nonsense', () => {
    expect(overlayOptions(new URLSearchParams('meeting=standup'))).toEqual({
      ...OVERLAY_DEFAULTS,
      meeting: 'standup',
    });
    expect(
      overlayOptions(new URLSearchParams('meeting=a&lines=many&position=nowhere&chars=100000&names=off')),
    ).toEqual({ ...OVERLAY_DEFAULTS, meeting: 'a', chars: 100, names: false });
  });

  it('says what is not as in the defaults, and is read back so', () => {
    const options = { ...OVERLAY_DEFAULTS, meeting: 'stand up', lines: 1, names: false, color: '#fff' };
    expect(overlayQuery(options)).toBe('meeting=stand+up&lines=1&color=%23fff&names=off');
    expect(overlayOptions(new URLSearchParams(overlayQuery(options)))).toEqual(options);
  });

  it('is documented with all it may say', async () => {
    const page = await readFile(new URL('../docs/pages.md', import.meta.url), 'utf8');
    const table = page.slice(page.indexOf('## Overlay parameters'), page.indexOf('## Recordings'));
    const rows = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    expect(rows.sort()).toEqual(Object.keys(OVERLAY_DEFAULTS).sort());
    for (const name of ['lines', 'chars', 'size', 'position', 'hideAfterMs'] as const)
      expect(table).toContain(`| \`${name}\` | \`${OVERLAY_DEFAULTS[name]}\` |`);
    for (const position of POSITIONS) expect(table).toContain(`\`${position}\``);
  });
});
