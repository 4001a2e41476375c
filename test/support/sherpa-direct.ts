import { join } from 'node:path';
import type { OfflineRecognizerConfig } from 'sherpa-onnx-node';
import sherpa from 'sherpa-onnx-node';
import { CLIP_RATE } from './audio.ts';
import type { TinyKind } from './tiny-sherpa.ts';

type Model = Partial<OfflineRecognizerConfig['modelConfig']>;

/** sherpa-onnx itself on a tiny model, as its own examples configure it, and what it hears. */
export function hearDirectly(
  folder: string,
  kind: TinyKind,
): (samples: Float32Array) => { readonly text: string; readonly tokens: readonly string[] } {
  const path = (name: string) => join(folder, name);
  const transducer = (suffix: string): Model => ({
    transducer: {
      encoder: path(`encoder${suffix}.onnx`),
      decoder: path(`decoder${suffix}.onnx`),
      joiner: path(`joiner${suffix}.onnx`),
    },
  });
  const whisper = { encoder: path('tiny-encoder.onnx'), decoder: path('tiny-decoder.onnx') };
  const models: Record<TinyKind, Model> = {
    'zipformer-ctc': { zipformerCtc: { model: path('model.onnx') } },
    'nemo-ctc': { nemoCtc: { model: path('model.onnx') } },
    paraformer: { paraformer: { model: path('model.onnx') } },
    'zipformer-transducer': transducer('-epoch-99-avg-1'),
    'nemo-transducer': { ...transducer(''), modelType: 'nemo_transducer' },
    whisper: { whisper: { ...whisper, language: '', task: 'transcribe', tailPaddings: -1 } },
  };
  const recognizer = new sherpa.OfflineRecognizer({
    featConfig: { sampleRate: CLIP_RATE, featureDim: 80 },
    modelConfig: {
      ...models[kind],
      tokens: path(kind === 'whisper' ? 'tiny-tokens.txt' : 'tokens.txt'),
      numThreads: 1,
      provider: 'cpu',
    },
  });

  return (samples) => {
    const stream = recognizer.createStream();
    stream.acceptWaveform({ samples, sampleRate: CLIP_RATE });
    recognizer.decode(stream);

    return recognizer.getResult(stream);
  };
}
