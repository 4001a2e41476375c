import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FinalMessage, PartialMessage } from '../client-sdk/protocol.ts';
import { Conversation } from '../web/conversation/conversation.ts';
import { turnsOf } from '../web/conversation/turns.ts';

function final(streamId: string, segmentId: number, text: string, spokenAtMs: number): FinalMessage {
  return {
    ...{
      type: 'final',
      meeting: 'standup',
      streamId,
      speaker: streamId,
      captionId: `${streamId}:${segmentId}`,
    },
    ...{ segmentId, revision: 9, startMs: 0, endMs: 1000, spokenAtMs, text },
    ...{ endpoint: 'silence', language: 'en', model: 'model' },
  } as FinalMessage;
}

function partial(
  streamId: string,
  segmentId: number,
  text: string,
  revision: number,
  spokenAtMs = 0,
): PartialMessage {
  const { endpoint: _, language: __, model: ___, ...fields } = final(streamId, segmentId, text, spokenAtMs);

  return { ...fields, type: 'partial', revision, stableChars: text.length };
}

function textsOf(conversation: Conversation): string[] {
  return conversation.captions.map(({ text }) => text);
}

describe('Conversation', () => {
  it('comes to the same captions in whichever order and however often it is told of them', () => {
    const message = fc.record({
      stream: fc.constantFrom('a', 'b'),
      segment: fc.integer({ min: 0, max: 5 }),
      revision: fc.integer({ min: 0, max: 4 }),
      isFinal: fc.boolean(),
      isHistory: fc.boolean(),
    });
    const time = (stream: string, segment: number) => segment * 1000 + (stream === 'a' ? 0 : 500);
    fc.assert(
      fc.property(fc.array(message, { maxLength: 60 }), (messages) => {
        const conversation = new Conversation();
        const finals = new Map<string, number>();
        for (const { stream, segment, revision, isFinal, isHistory } of messages) {
          const at = time(stream, segment);
          const said = final(stream, segment, `${stream}${segment}`, at);
          if (isFinal) finals.set(said.captionId, at);
          if (isFinal && isHistory) conversation.addHistory([said]);
          else if (isFinal) conversation.apply(said, 0);
          else conversation.apply(partial(stream, segment, 'words so far', revision, at), 0);
        }
        const shown = conversation.captions;
        expect(shown.filter(({ isFinal }) => isFinal).map(({ captionId }) => captionId)).toEqual(
          [...finals].sort(([, one], [, other]) => one - other).map(([captionId]) => captionId),
        );
        expect(conversation.finals).toBe(finals.size);
        expect(shown.map(({ spokenAtMs }) => spokenAtMs)).toEqual(
          shown.map(({ spokenAtMs }) => spokenAtMs).sort((one, other) => one - other),
        );
      }),
    );
  });

  it('takes a caption that is being spoken for the language that its speaker spoke last', () => {
    const conversation = new Conversation();
    conversation.apply(partial('a', 0, '今天', 1), 0);
    conversation.apply({ ...final('a', 0, '今天天气很好。', 0), language: 'zh' }, 0);
    conversation.apply({ ...final('b', 0, 'Good morning.', 100), language: 'en' }, 0);
    conversation.apply(partial('a', 1, '明天', 1, 2000), 0);
    conversation.apply({ ...final('b', 1, 'Hm.', 3000), language: 'und' }, 0);
    expect(conversation.captions.map(({ language }) => language)).toEqual(['zh', 'en', 'zh', null]);
  });

  it('tells what was to be heard besides speech', () => {
    const conversation = new Conversation();
    conversation.apply({ ...final('a', 0, 'Thank you all.', 0), event: 'applause' }, 0);
    conversation.addHistory([{ ...final('a', 1, 'Goodbye.', 1000), event: 'speech' }]);
    expect(conversation.captions.map(({ sound }) => sound)).toEqual(['applause', null]);
  });

  it('takes back what turned out to be nothing, and what was lost', () => {
    const conversation = new Conversation();
    conversation.apply(partial('a', 0, 'was that a word', 1), 0);
    conversation.apply(partial('b', 0, 'and that one too', 1), 0);
    conversation.apply(final('a', 0, '', 0), 0);
    conversation.lose('b:0');
    expect(textsOf(conversation)).toEqual([]);
    conversation.apply(partial('a', 0, 'was that a word', 2), 0);
    expect(textsOf(conversation)).toEqual([]);
  });

  it('does not go back to an older revision', () => {
    const conversation = new Conversation();
    conversation.apply(partial('a', 0, 'one two three', 2), 0);
    expect(conversation.apply(partial('a', 0, 'one two', 1), 0)).toBeNull();
    expect(textsOf(conversation)).toEqual(['one two three']);
  });

  it('knows who speaks: from the beginning of a caption to its end, or for some seconds without news', () => {
    const conversation = new Conversation();
    const speaking = (nowMs: number) =>
      conversation
        .participants(nowMs)
        .filter(({ isSpeaking }) => isSpeaking)
        .map(({ streamId }) => streamId);
    conversation.begin('a', 'Ada', 0, 1000);
    conversation.begin('b', 'Ben', 0, 1000);
    expect(speaking(2000)).toEqual(['a', 'b']);
    conversation.apply(final('a', 0, 'Done.', 0), 3000);
    expect(speaking(3000)).toEqual(['b']);
    expect(speaking(9500)).toEqual([]);
    conversation.begin('b', 'Ben', 1, 10_000);
    conversation.apply(final('b', 0, 'Late.', 0), 10_100);
    expect(speaking(10_200)).toEqual(['b']);
    conversation.leave('b', 'Ben');
    expect(speaking(10_300)).toEqual([]);
    expect(conversation.participants(10_300).map(({ hasLeft }) => hasLeft)).toEqual([false, true]);
  });
});

describe('Turns', () => {
  it('group what one says until somebody else does, or after a long pause', () => {
    const conversation = new Conversation();
    conversation.addHistory([
      final('a', 0, 'One.', 0),
      final('a', 1, 'Two.', 4000),
      final('b', 0, 'Three.', 8000),
      final('a', 2, 'Four.', 12_000),
      final('a', 3, 'Five.', 400_000),
    ]);
    const turns = turnsOf(conversation.captions);
    expect(turns.map(({ captions }) => captions.map(({ text }) => text))).toEqual([
      ['One.', 'Two.'],
      ['Three.'],
      ['Four.'],
      ['Five.'],
    ]);
  });
});
