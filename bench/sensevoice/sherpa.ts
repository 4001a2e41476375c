import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import type { SenseVoiceGraphs } from '../../inference/sensevoice/layout.ts';

/** sherpa-onnx on the same files and one thread. @returns what decodes one clip, mono at 16 kHz. */
export async function loadSherpaSenseVoice({
  model,
  tokens,
}: SenseVoiceGraphs): Promise<(samples: Float32Array) => string> {
  const { default: sherpa } = await import('sherpa-onnx-node');
  const recognizer = new sherpa.OfflineRecognizer({
    featConfig: { sampleRate: SAMPLE_RATE, featureDim: 80 },
    modelConfig: {
      senseVoice: { model, language: 'auto', useInverseTextNormalization: 1 },
      ...{ tokens, numThreads: 1, provider: 'cpu' },
    },
  });

  return (samples) => {
    const stream = recognizer.createStream();
    stream.acceptWaveform({ samples, sampleRate: SAMPLE_RATE });
    recognizer.decode(stream);

    return recognizer.getResult(stream).text;
  };
}
