import { FUNASR } from '../../server/dialects/funasr/funasr.ts';
import { ConversationRig } from './conversation-rig.ts';

/** What the client is told. */
export interface FunasrTold {
  readonly mode?: string;
  readonly text?: string;
  readonly wav_name: string;
  readonly is_final: boolean;
  readonly is_end?: boolean;
}

/** What the Python client sends first. */
export const FIRST = {
  mode: '2pass',
  chunk_size: [5, 10, 5],
  chunk_interval: 10,
  encoder_chunk_look_back: 4,
  decoder_chunk_look_back: 0,
  audio_fs: 16_000,
  wav_name: 'demo',
  wav_format: 'pcm',
  is_speaking: true,
  hotwords: '{"阿里巴巴":20}',
  itn: true,
};

/** One that has sent a second of audio, and was let in. @param fields of its first message. */
export function beginFunasr(fields: object = {}): ConversationRig<FunasrTold> {
  const rig = new ConversationRig<FunasrTold>(FUNASR);
  rig.text({ ...FIRST, ...fields });
  rig.binary(32_000);
  rig.native.ready();

  return rig;
}

/** Answers every marker that was asked for. */
export function passMarkers({ native }: ConversationRig<FunasrTold>): void {
  for (const heard of native.heard.splice(0)) {
    const marker = /^marker (\d+)$/.exec(String(heard));
    if (marker) native.say({ type: 'marker', id: Number(marker[1]) });
  }
}

/** Its mode, text and whether it is the last. */
export function shortly({ mode, text, is_final }: FunasrTold): readonly unknown[] {
  return [mode, text, is_final];
}
