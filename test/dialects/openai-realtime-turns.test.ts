import { describe, expect, it } from 'vitest';
import { RealtimeRig, realtimeRequest } from './openai-rig.ts';

/** A session whose stream has some seconds of audio. */
function begun(turnDetection?: null, request = realtimeRequest()): RealtimeRig {
  const rig = new RealtimeRig(request);
  if (turnDetection === null) rig.update({ turn_detection: null });
  rig.append(5000);
  rig.events.length = 0;

  return rig;
}

function transcripts(rig: RealtimeRig): readonly unknown[] {
  return rig.all('.completed').map((event) => event.transcript);
}

describe('A turn that ends where the speaker pauses', () => {
  it('is told from its beginning to its transcript', () => {
    const rig = begun();
    rig.speechStarted(0, 224);
    rig.partial(0, [224, 1200], 'So it', 0);
    rig.partial(0, [224, 1800], 'So it is.', 2);
    rig.final(0, [224, 2100], 'So it is.');
    expect(rig.types).toEqual([
      ...['speech_started', 'delta', 'speech_stopped', 'committed', 'added', 'done', 'delta', 'completed'],
    ]);
    const item_id = rig.events[0]!.item_id;
    expect(rig.all('speech_started')).toEqual([
      { type: 'input_audio_buffer.speech_started', audio_start_ms: 224, item_id },
    ]);
    expect(rig.all('speech_stopped')).toEqual([
      { type: 'input_audio_buffer.speech_stopped', audio_end_ms: 2100, item_id },
    ]);
    expect(rig.all('.delta')).toMatchObject([
      { content_index: 0, delta: 'So it', item_id },
      { content_index: 0, delta: ' is.', item_id },
    ]);
    expect(rig.all('item.added')).toEqual([
      {
        type: 'conversation.item.added',
        previous_item_id: null,
        item: {
          ...{ id: item_id, object: 'realtime.item', type: 'message', status: 'completed', role: 'user' },
          content: [{ type: 'input_audio', transcript: null }],
        },
      },
    ]);
    expect(rig.all('.completed')).toEqual([
      {
        type: 'conversation.item.input_audio_transcription.completed',
        ...{ item_id, content_index: 0, transcript: 'So it is.' },
        usage: { type: 'duration', seconds: 1.876 },
      },
    ]);
  });

  it('in the beta has its item told once', () => {
    const rig = begun(undefined, realtimeRequest({ openaiBeta: 'realtime=v1' }));
    rig.speechStarted(0, 224);
    rig.final(0, [224, 2100], 'So it is.');
    expect(rig.types).toEqual([
      ...['speech_started', 'speech_stopped', 'committed', 'created', 'delta', 'completed'],
    ]);
  });

  it('stands behind the one before', () => {
    const rig = begun();
    for (const id of [0, 1, 2]) {
      rig.speechStarted(id, id * 1000);
      rig.final(id, [id * 1000, id * 1000 + 500], 'Yes.');
    }
    const committed = rig.all('.committed');
    const ids = committed.map((event) => event.item_id);
    expect(new Set(ids).size).toBe(3);
    expect(committed.map((event) => event.previous_item_id)).toEqual([null, ids[0], ids[1]]);
    expect(rig.all('item.done').map((event) => event.previous_item_id)).toEqual([null, ids[0], ids[1]]);
  });

  it('that goes on where one was cut for its length begins as any other', () => {
    const rig = begun();
    rig.speechStarted(0, 0);
    rig.final(0, [0, 3000], 'And then', 'max-duration');
    rig.final(1, [3000, 4000], 'it ended.');
    expect(rig.all('.speech_started').map((event) => event.audio_start_ms)).toEqual([0, 3000]);
    expect(transcripts(rig)).toEqual(['And then', 'it ended.']);
  });

  it('has stopped when the next begins, though its words are still awaited; what is next waits with its words', () => {
    const rig = begun();
    rig.speechStarted(0, 0);
    rig.partial(0, [0, 900], 'One two', 1);
    rig.speechStarted(1, 2000);
    rig.partial(1, [2000, 2900], 'Three four', 2);
    expect(rig.types).toEqual([
      ...['speech_started', 'delta', 'speech_stopped', 'committed', 'added', 'done', 'speech_started'],
    ]);
    rig.final(0, [0, 1200], 'One two.');
    expect(rig.types.slice(7)).toEqual(['delta', 'completed', 'delta']);
    rig.final(1, [2000, 3000], 'Three four');
    expect(rig.types.slice(10)).toEqual(['speech_stopped', 'committed', 'added', 'done', 'completed']);
    expect(rig.textOf(rig.all('.completed')[0]!.item_id)).toBe('One two.');
  });

  it.each([
    ['is settled', (rig: RealtimeRig) => rig.tell({ type: 'ack', acknowledgedMs: 1500 })],
    ['lies before another that ends', (rig: RealtimeRig) => rig.final(1, [1500, 2000], 'Yes.')],
  ])('without a word is complete when it %s', (_, end) => {
    const rig = begun();
    rig.speechStarted(0, 300);
    rig.tell({ type: 'ack', acknowledgedMs: 300 });
    expect(rig.types).toEqual(['speech_started']);
    end(rig);
    expect(transcripts(rig)[0]).toBe('');
    expect(rig.all('.speech_stopped')[0]!.audio_end_ms).toBe(1500);
  });

  it('whose words are taken back is complete without them', () => {
    const rig = begun();
    rig.speechStarted(0, 0);
    rig.partial(0, [0, 900], 'The.', 0);
    rig.final(0, [0, 900], '');
    expect(rig.types).toEqual([
      ...['speech_started', 'speech_stopped', 'committed', 'added', 'done', 'completed'],
    ]);
  });

  it('that is lost has failed', () => {
    const rig = begun();
    rig.speechStarted(0, 0);
    rig.partial(0, [0, 900], 'One', 1);
    rig.lost(0);
    expect(rig.all('.failed')).toEqual([
      {
        type: 'conversation.item.input_audio_transcription.failed',
        ...{ item_id: rig.events[0]!.item_id, content_index: 0 },
        error: {
          ...{ type: 'server_error', code: 'segment_lost', param: null },
          message: 'A stretch of speech could not be transcribed.',
        },
      },
    ]);
    expect(rig.types.at(-2)).toBe('done');
  });

  it('has failed though nothing was shown of it, unless it was cleared', () => {
    const rig = begun();
    rig.final(0, [0, 3000], 'And then', 'max-duration');
    rig.lost(1);
    expect(rig.all('.failed')).toHaveLength(1);
    expect(rig.all('.committed')).toHaveLength(2);
    rig.clear();
    rig.lost(2);
    expect(rig.all('.failed')).toHaveLength(1);
  });

  it('may be ended by the client', () => {
    const rig = begun();
    rig.speechStarted(0, 4000);
    rig.commit();
    expect(rig.controls.slice(1)).toEqual([{ type: 'flush' }, { type: 'marker', id: 0 }]);
    rig.final(0, [4000, 5000], 'Stop.', 'flush');
    rig.reached();
    expect(transcripts(rig)).toEqual(['Stop.']);
  });

  it('of silence is told when the client ends it', () => {
    const rig = begun();
    rig.commit();
    rig.reached();
    expect(rig.types).toEqual(['committed', 'added', 'done', 'completed']);
    expect(rig.all('.completed')).toMatchObject([{ transcript: '', usage: { seconds: 5 } }]);
    rig.commit();
    expect(rig.all('error')).toMatchObject([{ error: { code: 'input_audio_buffer_commit_empty' } }]);
  });

  it('without a word ends with the client ending it', () => {
    const rig = begun();
    rig.speechStarted(0, 4000);
    rig.commit();
    rig.reached();
    expect(rig.types).toEqual([
      ...['speech_started', 'speech_stopped', 'committed', 'added', 'done', 'completed'],
    ]);
  });

  it('is dropped by a clear, and what is said behind it is not', () => {
    const rig = begun();
    rig.speechStarted(0, 4000);
    rig.clear();
    rig.append(2000);
    rig.partial(0, [4000, 4900], 'Never mind', 2);
    rig.speechStarted(1, 4800);
    rig.partial(1, [4800, 5800], 'This counts', 2);
    rig.final(0, [4000, 5000], 'Never mind.', 'flush');
    rig.reached();
    rig.final(1, [4800, 6000], 'This counts.');
    expect(rig.types).toEqual([
      ...['speech_started', 'cleared', 'speech_started', 'delta'],
      ...['speech_stopped', 'committed', 'added', 'done', 'delta', 'completed'],
    ]);
    expect(transcripts(rig)).toEqual(['This counts.']);
  });
});

describe('A turn that ends where the client says so', () => {
  it('is told without where speech begins, and complete with all that was said in it', () => {
    const rig = begun(null);
    rig.speechStarted(0, 0);
    rig.partial(0, [0, 900], 'One two', 1);
    rig.final(0, [0, 1000], 'One two.');
    rig.speechStarted(1, 3000);
    rig.partial(1, [3000, 3900], 'Three four', 1);
    rig.commit();
    rig.append(1000);
    rig.final(1, [3000, 5000], 'Three, four.', 'flush');
    expect(transcripts(rig)).toEqual([]);
    rig.reached();
    expect(rig.types).toEqual([
      ...['delta', 'delta', 'delta', 'committed', 'added', 'done', 'delta', 'completed'],
    ]);
    expect(rig.all('.completed')).toMatchObject([
      { transcript: 'One two. Three, four.', usage: { type: 'duration', seconds: 5 } },
    ]);
    expect(rig.textOf(rig.all('.committed')[0]!.item_id)).toBe('One two. Three, four.');
  });

  it('holds what was said before, though it is told behind the commit', () => {
    const rig = begun(null);
    rig.commit();
    rig.append(3000);
    rig.commit();
    rig.final(0, [100, 4990], 'First.', 'flush');
    rig.reached();
    rig.final(1, [4700, 7990], 'Second.', 'flush');
    rig.reached();
    const ids = rig.all('.committed').map((event) => event.item_id);
    expect(rig.all('.completed')).toMatchObject([
      { item_id: ids[0], transcript: 'First.', usage: { seconds: 5 } },
      { item_id: ids[1], transcript: 'Second.', usage: { seconds: 3 } },
    ]);
    expect(rig.all('.committed')[1]!.previous_item_id).toBe(ids[0]);
  });

  it('of silence has an empty transcript', () => {
    const rig = begun(null);
    rig.commit();
    rig.reached();
    expect(transcripts(rig)).toEqual(['']);
  });

  it('needs a tenth of a second of audio', () => {
    const rig = begun(null);
    rig.commit();
    rig.append(99);
    rig.commit();
    expect(rig.all('error')).toMatchObject([
      { error: { code: 'input_audio_buffer_commit_empty', message: expect.stringContaining('99.00ms') } },
    ]);
    rig.append(1);
    rig.commit();
    expect(rig.all('.committed')).toHaveLength(2);
  });

  it('says nothing of what was cleared', () => {
    const rig = begun(null);
    rig.clear();
    rig.append(2000);
    rig.partial(0, [0, 4900], 'Never mind', 2);
    rig.final(0, [0, 4950], 'Never mind.', 'flush');
    rig.reached();
    rig.commit();
    rig.final(1, [4900, 6900], 'This counts.', 'flush');
    rig.reached();
    expect(rig.types).toEqual(['cleared', 'committed', 'added', 'done', 'delta', 'completed']);
    expect(rig.all('.completed')).toMatchObject([{ transcript: 'This counts.', usage: { seconds: 2 } }]);
  });

  it('is cleared at once where there is nothing', () => {
    const rig = new RealtimeRig();
    rig.clear();
    expect(rig.types).toEqual(['session.created', 'cleared']);
    expect(rig.controls).toEqual([]);
  });

  it('has failed where nothing of it could be transcribed, and is else complete without what is lost', () => {
    const rig = begun(null);
    rig.lost(0);
    rig.commit();
    rig.reached();
    expect(rig.types.slice(3)).toEqual(['failed']);
    rig.append(2000);
    rig.lost(1);
    rig.final(2, [5500, 6000], 'The rest.');
    rig.commit();
    rig.reached();
    expect(rig.types.slice(-2)).toEqual(['failed', 'completed']);
    expect(transcripts(rig)).toEqual(['The rest.']);
  });
});
