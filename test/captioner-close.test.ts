import { describe, expect, test } from 'vitest';
import { range, setUp, short } from './support/captioner-rig.ts';
import { settle } from './support/settle.ts';

describe('Captioner, closed,', () => {
  test('drops what is queued and ignores what runs', async () => {
    const { captioner, recognizer, dispatcher, told, settled } = setUp();
    captioner.finish(range(0, 0), 'silence');
    await settle();
    captioner.finish(range(1, 1), 'silence');
    captioner.close();
    captioner.close();
    expect(dispatcher.queued.final).toBe(0);
    await recognizer.answer();
    expect(told).toEqual([]);
    expect(settled.count).toBe(0);
    expect(recognizer.running).toEqual([]);
  });

  test('ignores what fails late', async () => {
    const { captioner, recognizer, told } = setUp();
    captioner.finish(range(0, 0), 'silence');
    await settle();
    captioner.close();
    await recognizer.fail(new Error('failed'));
    expect(told).toEqual([]);
    expect(recognizer.running).toEqual([]);
  });

  test('from within a caption tells nothing more', async () => {
    const told: string[] = [];
    const { captioner, recognizer } = setUp({
      capabilities: { concurrency: 2 },
      onCaption: (caption) => {
        told.push(short(caption));
        captioner.close();
      },
    });
    captioner.finish(range(0, 0), 'silence');
    captioner.finish(range(1, 1), 'silence');
    await settle();
    await recognizer.answer(1);
    await recognizer.answer();
    expect(told).toEqual(['final 0.0: 100 samples']);
  });

  test('asks for no decoding any more', async () => {
    const { captioner, recognizer, dispatcher } = setUp();
    captioner.close();
    captioner.snapshot(range(0, 0));
    captioner.finish(range(0, 1), 'silence');
    expect(dispatcher.queued).toMatchObject({ final: 0, candidate: 0, partial: 0 });
    await settle();
    expect(recognizer.running).toEqual([]);
  });
});
