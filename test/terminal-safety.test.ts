import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FinalMessage } from '../client-sdk/protocol.ts';
import { formatCaptions } from '../server/transcribe/caption-formats.ts';
import { plainText } from '../server/transcribe/plain-text.ts';
import { caption } from './support/scripted-server.ts';

const text = fc.string({ unit: 'binary' });

describe('plainText', () => {
  it('leaves no control character, whatever comes', () => {
    fc.assert(
      fc.property(text, (any) => {
        expect(plainText(any)).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  it('leaves text without any as it is', () => {
    fc.assert(
      fc.property(text, (any) => {
        fc.pre(!/\p{Cc}/u.test(any));
        expect(plainText(any)).toBe(any);
      }),
    );
  });

  it('takes whole escape sequences out, not only their first character', () => {
    expect(plainText('a\x1b[31mb\x1b]8;;http://x\x07c')).toBe('abc');
  });
});

describe('Captions as JSON', () => {
  it('hold no control characters but line breaks, and say the same', () => {
    const final = { ...caption('final', 'one'), model: 'x\x9b2J\x7f\x1b@0' } as FinalMessage;
    const books = { receivedMs: 1000, transcribedMs: 1000, silenceMs: 0, droppedMs: 0 };
    const done = { type: 'done', streamId: 's', captions: 1, ...books } as const;
    const json = formatCaptions({ recording: 'talk.wav', finals: [final], done }, 'json');
    expect(json.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(JSON.parse(json)).toMatchObject({ model: final.model });
  });
});
