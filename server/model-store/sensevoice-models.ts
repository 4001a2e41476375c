import type { CatalogueEntry } from './catalogue-entry.ts';
import { hubFiles, repository } from './hub-files.ts';

/*
 * Sizes and hashes are those of the hubs' own listings (LFS pointers), as several independent projects pin them. A
 * revision is a commit where one is pinned; the hash decides either way.
 */

const funAsrLicence = {
  licence: 'FunASR Model License',
  licenceUrl: 'https://github.com/modelscope/FunASR/blob/main/MODEL_LICENSE',
} as const;

const languages = ['zh', 'yue', 'en', 'ja', 'ko'];

const sherpaHub = repository(
  'huggingface',
  'csukuangfj/sherpa-onnx-sense-voice-zh-en-ja-ko-yue-2024-07-17',
  '2365baeacb507f821a0c8120fcee3d484dba7a07',
);

const sherpaTokens = [
  'tokens.txt',
  315_894,
  'f449eb28dc567533d7fa59be34e2abca8784f771850c78a47fb731a31429a1dc',
] as const;

/** SenseVoice, and the CTC half of Fun-ASR-Nano, which the same adapter runs. */
export const senseVoiceModels: readonly CatalogueEntry[] = [
  {
    name: 'sensevoice-small',
    adapter: 'sensevoice',
    languages,
    ...funAsrLicence,
    summary: "SenseVoiceSmall, int8, FunASR's export: five languages, emotions and sounds, words with times",
    files: hubFiles(
      [
        repository('modelscope', 'iic/SenseVoiceSmall-onnx', '4e95991ddb34c70e9b94f026d62ac82a9d941ae1'),
        repository(
          'huggingface',
          'DennisHuang648/SenseVoiceSmall-onnx',
          '0e0d0a81fe03a27c0d56329ff6fc2dcc3fe01f7e',
        ),
      ],
      [
        ['model_quant.onnx', 241_216_270, '21dc965f689a78d1604717bf561e40d5a236087c85a95584567835750549e822'],
        ['tokens.json', 352_064, 'a2594fc1474e78973149cba8cd1f603ebed8c39c7decb470631f66e70ce58e97'],
        ['am.mvn', 11_203, '29b3c740a2c0cfc6b308126d31d7f265fa2be74f3bb095cd2f143ea970896ae5'],
        ['config.yaml', 1855, 'f71e239ba36705564b5bf2d2ffd07eece07b8e3f2bbf6d2c99d8df856339ac19'],
      ],
    ),
  },
  {
    name: 'sensevoice-small-sherpa',
    adapter: 'sensevoice',
    languages,
    ...funAsrLicence,
    summary: "SenseVoiceSmall, int8, sherpa-onnx' export of the same weights",
    files: hubFiles(
      [
        sherpaHub,
        repository(
          'modelscope',
          'pengzhendong/sherpa-onnx-sense-voice-zh-en-ja-ko-yue',
          '73eca47697f980daa3d16112404174b6b950b514',
        ),
      ],
      [
        ['model.int8.onnx', 239_233_841, 'c71f0ce00bec95b07744e116345e33d8cbbe08cef896382cf907bf4b51a2cd51'],
        sherpaTokens,
      ],
    ),
  },
  {
    name: 'sensevoice-small-float',
    adapter: 'sensevoice',
    languages,
    ...funAsrLicence,
    summary: "SenseVoiceSmall in floats, sherpa-onnx' export: for GPUs",
    files: hubFiles(
      [sherpaHub],
      [
        ['model.onnx', 937_617_178, '977016bd9c79f9eb343430b5cc305e07ab64d5212dff41b0dcfa1694bee9a8cb'],
        sherpaTokens,
      ],
    ),
  },
  {
    name: 'fun-asr-nano-ctc',
    adapter: 'sensevoice',
    languages: ['zh', 'en', 'ja'],
    licence: 'Apache-2.0',
    summary: "Fun-ASR-Nano's CTC half, int8, sherpa-onnx' export: three languages, words with times",
    files: hubFiles(
      [repository('huggingface', 'csukuangfj/sherpa-onnx-sense-voice-funasr-nano-int8-2025-12-17', 'main')],
      [
        ['model.int8.onnx', 263_531_902, '9dc6e72aa8bc6f5966cf2857a0ce3a425b1d72e91500e147d66329f407c017a1'],
        ['tokens.txt', 939_815, '2db4bb25d046e8849e336c9465e248e1694914d996c58c71bdeca18cfb722992'],
      ],
    ),
  },
];
