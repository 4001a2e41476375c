import type { CatalogueEntry } from './catalogue-entry.ts';
import { senseVoiceModels } from './sensevoice-models.ts';
import { sherpaModels } from './sherpa-models.ts';

/** What a server needs before it can caption anything: a recogniser and a voice activity detector. */
export const defaultModels: readonly string[] = ['moonshine-tiny-en', 'silero-v6'];

const moonshine = {
  kind: 'npm',
  package: '@moonshine-ai/moonshine-js',
  version: '0.1.29',
  archiveBytes: 21_514_347,
} as const;

/** Every model the store knows, in the order in which people see them. */
export const catalogue: readonly CatalogueEntry[] = [
  {
    name: 'moonshine-tiny-en',
    adapter: 'moonshine',
    languages: ['en'],
    licence: 'MIT',
    summary: 'Moonshine tiny, int8: English speech to text, small enough for a laptop',
    files: [
      {
        name: 'encoder_model.onnx',
        bytes: 7_937_661,
        sha256: 'c6fc4b7bc5af75c0591fd157a1f3829b533d18e9769a888fd95a62e470dd4f4a',
        source: { ...moonshine, path: 'dist/model/tiny/quantized/encoder_model.onnx' },
      },
      {
        name: 'decoder_model_merged.onnx',
        bytes: 20_243_286,
        sha256: 'eed87831c3a6103534aae7d47a5d485025c659a1323901513961c39fe8a1a367',
        source: { ...moonshine, path: 'dist/model/tiny/quantized/decoder_model_merged.onnx' },
      },
    ],
  },
  {
    name: 'silero-v6',
    adapter: 'silero',
    languages: ['*'],
    licence: 'MIT',
    summary: 'Silero VAD v6: tells speech from other sound in any language',
    files: [
      {
        name: 'silero_vad_v6.onnx',
        bytes: 2_327_524,
        sha256: '1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3',
        source: {
          kind: 'npm',
          package: '@ricky0123/vad-web',
          version: '0.0.31',
          path: 'dist/silero_vad_v6.onnx',
          archiveBytes: 5_471_324,
        },
      },
    ],
  },
  ...senseVoiceModels,
  ...sherpaModels,
];
