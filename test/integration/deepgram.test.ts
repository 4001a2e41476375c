import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Deepgram } from '@deepgram/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countWordErrors, wordErrorRate } from '../../bench/word-error-rate.ts';
import { type Clip, encode, join, readClips, silence } from '../support/audio.ts';
import { DeepgramCaller, deepgramClient, transcript } from '../support/deepgram-caller.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { speak, textOf } from './speech.ts';

let server: RunningServer;
let clips: readonly Clip[];

beforeAll(async () => {
  [server, clips] = await Promise.all([startRoundtable(), readClips()]);
});

afterAll(() => server.stop());

describe("Deepgram's own client", () => {
  it('hears the words that the native protocol tells', async () => {
    const errors = { deepgram: [], native: [] } as Record<string, ReturnType<typeof countWordErrors>[]>;
    for (const { samples, reference } of clips) {
      const caller = await DeepgramCaller.connect(server, { punctuate: 'true' });
      caller.send(samples);
      await caller.finish();
      errors.deepgram!.push(countWordErrors(reference, transcript(caller.finals)));
      errors.native!.push(countWordErrors(reference, textOf(await speak(server, samples))));
      expect(caller.messages.at(-1)).toMatchObject({
        type: 'Metadata',
        duration: samples.length / 16_000,
        channels: 1,
      });
    }
    const [deepgram, native] = [wordErrorRate(errors.deepgram!), wordErrorRate(errors.native!)];
    expect(Math.abs(deepgram - native)).toBeLessThanOrEqual(0.3);
    expect(native).toBeLessThan(25);
  });

  it('hears that speech starts, interim results, and when an utterance ends', async () => {
    const caller = await DeepgramCaller.connect(server, {
      interim_results: 'true',
      vad_events: 'true',
      endpointing: 300,
      utterance_end_ms: 1000,
      smart_format: 'true',
    });
    caller.send(join(clips[0]!.samples, silence(3000)));
    await caller.until(() => caller.messages.some(({ type }) => type === 'UtteranceEnd'));
    const started = caller.messages.findIndex(({ type }) => type === 'SpeechStarted');
    const final = caller.messages.findIndex((message) => message.type === 'Results' && message.is_final);
    expect(started).toBeGreaterThanOrEqual(0);
    expect(final).toBeGreaterThan(started);
    expect(caller.finals.some(({ speech_final }) => speech_final)).toBe(true);
    const said = caller.finals.flatMap(({ channel }) => channel.alternatives[0]!.words);
    const ended = caller.messages.find((message) => message.type === 'UtteranceEnd');
    expect(ended).toMatchObject({ channel: [0, 1], last_word_end: said.at(-1)!.end });
    expect(said.every(({ punctuated_word }) => punctuated_word !== undefined)).toBe(true);
    await caller.finish();
  });

  it('has a sentence ended by Finalize, and goes on', async () => {
    const caller = await DeepgramCaller.connect(server);
    const { samples } = clips[0]!;
    for (const part of [samples.subarray(0, 40_000), samples.subarray(40_000)]) {
      const before = caller.finals.filter(({ from_finalize }) => from_finalize).length;
      caller.send(part);
      caller.connection.sendFinalize({ type: 'Finalize' });
      await caller.until(() => caller.finals.filter(({ from_finalize }) => from_finalize).length > before);
    }
    expect(transcript(caller.finals)).not.toBe('');
    await caller.finish();
    const ends = caller.finals.map(({ start, duration }) => start + duration);
    expect(ends).toEqual([...ends].sort((a, b) => a - b));
  });

  it('may keep its stream alive, and finalize nothing', async () => {
    const caller = await DeepgramCaller.connect(server);
    caller.connection.sendKeepAlive({ type: 'KeepAlive' });
    caller.connection.sendFinalize({ type: 'Finalize' });
    await caller.until(() => caller.finals.length > 0);
    expect(caller.finals[0]).toMatchObject({ from_finalize: true, start: 0, duration: 0 });
    await caller.finish();
  });

  it('is read along where it names a meeting', async () => {
    const viewer = await RawClient.connect(`${server.socketUrl}/v1/meetings/calls/captions`);
    await viewer.next('watching');
    const caller = await DeepgramCaller.connect(server, {
      queryParams: { meeting: 'calls', speaker: 'Ada' },
    });
    caller.send(clips[0]!.samples);
    await caller.finish();
    await viewer.next('speaker-left');
    expect(viewer.all('final').map(({ speaker }) => speaker)).toContain('Ada');
    viewer.close();
  });

  it.each(['linear32', 'mulaw', 'alaw'])('may send %s', async (encoding) => {
    const { samples, reference } = clips[1]!;
    const native = ({ linear32: 'pcm_f32le', mulaw: 'mulaw', alaw: 'alaw' } as const)[encoding]!;
    const caller = await DeepgramCaller.connect(server, { encoding, channels: 2 });
    const audio = encode(native, samples, samples);
    for (let at = 0; at < audio.length; at += 9999) caller.connection.sendMedia(audio.slice(at, at + 9999));
    await caller.finish();
    const { errors, words } = countWordErrors(reference, transcript(caller.finals));
    expect(errors / words).toBeLessThanOrEqual(0.25);
  });

  it('gets a transcript of a recording that it posts', async () => {
    const { path, samples, reference } = clips[0]!;
    const file = await readFile(path);
    const { results, metadata } = (await deepgramClient(server).listen.v1.media.transcribeFile(file, {
      model: 'nova-3',
      smart_format: true,
      utterances: true,
      tag: 'a',
      extra: 'call:17',
    } as never)) as Deepgram.ListenV1Response;
    const { transcript: text, words } = results.channels[0]!.alternatives![0]!;
    const { errors, words: count } = countWordErrors(reference, text!);
    expect(errors / count).toBeLessThanOrEqual(0.25);
    expect(words!.at(-1)!.end).toBeLessThanOrEqual(samples.length / 16_000);
    expect(results.utterances!.map(({ transcript: said }) => said).join(' ')).toBe(text);
    expect(metadata).toMatchObject({
      duration: samples.length / 16_000,
      channels: 1,
      tags: ['a'],
      extra: { call: '17' },
      sha256: createHash('sha256').update(file).digest('hex'),
    });
  });
});
