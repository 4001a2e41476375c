import type { CatalogueEntry, HubRepository } from './catalogue-entry.ts';
import { hubFiles, type PinnedFile, repository } from './hub-files.ts';

/* Sizes and hashes as in sensevoice-models.ts. */

/** What Whisper's tokens stand for (`whisper/tokenizer.py` of openai/whisper), Javanese by its tag `jv`, not `jw`. */
const WHISPER_LANGUAGES: readonly string[] = (
  'en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ' +
  'ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd ' +
  'gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jv su'
).split(' ');

/** Those of Parakeet TDT 0.6b v3, as its card has them. */
const PARAKEET_V3_LANGUAGES =
  'en bg hr cs da nl et fi fr de el hu it lv lt mt pl pt ro sk sl es sv ru uk'.split(' ');

const whisperTokens: PinnedFile = [
  'tokens.txt',
  816_730,
  'b34b360dbb493e781e479794586d661700670d65564001f23024971d1f2fa126',
];

interface WhisperSize {
  readonly size: string;
  readonly name: string;
  readonly about: string;
  readonly repositories: readonly HubRepository[];
  readonly encoder: readonly [bytes: number, sha256: string];
  readonly decoder: readonly [bytes: number, sha256: string];
}

/** Whisper as sherpa-onnx packages it; the files of each size begin with the size. */
function whisper({ size, name, about, repositories, encoder, decoder }: WhisperSize): CatalogueEntry {
  return {
    name,
    adapter: 'sherpa',
    languages: name === 'whisper-large-v3-turbo' ? [...WHISPER_LANGUAGES, 'yue'] : WHISPER_LANGUAGES,
    licence: 'MIT',
    summary: `${about}, int8: ${name === 'whisper-large-v3-turbo' ? 100 : 99} languages, with punctuation`,
    files: hubFiles(repositories, [
      [`${size}-encoder.int8.onnx`, ...encoder],
      [`${size}-decoder.int8.onnx`, ...decoder],
      [`${size}-tokens.txt`, whisperTokens[1], whisperTokens[2]],
    ]),
  };
}

const whispers: readonly WhisperSize[] = [
  {
    size: 'base',
    name: 'whisper-base',
    about: 'Whisper base',
    repositories: [
      repository(
        'huggingface',
        'csukuangfj/sherpa-onnx-whisper-base',
        'bb53ee204431c90d314c1cc08d28d23e5b7927cc',
      ),
    ],
    encoder: [29_120_534, '0b8fb1304b6109976038efff5ace81720e00386f3ff6b54ee8c75291ca0a1e11'],
    decoder: [130_672_026, '9759d217388a01b3a4c7c15533201067b48ae819c4daafc8624e64b9409dc02d'],
  },
  {
    size: 'small',
    name: 'whisper-small',
    about: 'Whisper small',
    repositories: [
      repository(
        'huggingface',
        'csukuangfj/sherpa-onnx-whisper-small',
        '8f3c18b358db4d1f2fc1eae49d75cd20989e4309',
      ),
      repository(
        'modelscope',
        'pengzhendong/sherpa-onnx-whisper-small',
        '893b50bd57565edb13eb1dfe84d33bfef77b0102',
      ),
    ],
    encoder: [112_442_483, '4cbe7b22fa9026b843b60a68640c747de05bafb1a11b57edc0e66c232d9f33a9'],
    decoder: [262_226_114, 'acad50b5c782696e91b55914cc5ab4f756f1532f76e22aa6fc615f39fb69a8ee'],
  },
  {
    size: 'turbo',
    name: 'whisper-large-v3-turbo',
    about: 'Whisper large v3 turbo',
    repositories: [
      repository(
        'huggingface',
        'csukuangfj/sherpa-onnx-whisper-turbo',
        '2ca6ff69fc878651b770880507669577ac41c2ff',
      ),
    ],
    encoder: [674_716_297, 'b02dcdf54f348741e93fe732b67d933c8dcb6735655f710640143081db38878b'],
    decoder: [361_080_764, '20accd02388482eb3a46bd615631adfdc85e1eb2c7db9ea3f02a40ffe6b81547'],
  },
];

/** Models that run through sherpa-onnx, as its authors package them. */
export const sherpaModels: readonly CatalogueEntry[] = [
  {
    name: 'paraformer-zh',
    adapter: 'sherpa',
    languages: ['zh', 'en'],
    licence: 'Apache-2.0',
    summary: 'Paraformer large, int8: Mandarin with some English, without punctuation',
    files: hubFiles(
      [
        repository(
          'huggingface',
          'csukuangfj/sherpa-onnx-paraformer-zh-2024-03-09',
          '906992d326ebf0c5171cde675aa0902be9e5bc6c',
        ),
        repository(
          'modelscope',
          'pengzhendong/sherpa-onnx-paraformer-zh',
          '66e549ea2ba4951d5d533b8ad3ffad09a29a4ba9',
        ),
      ],
      [
        ['model.int8.onnx', 227_330_205, '90bc03034ae1bef9575f8cc798cd1519c8be8aa9e8b458a033e32017ff4d584c'],
        ['tokens.txt', 75_354, '6c0e3b35cece259829e6cb5b8d90d13db88f61ea3a2953d11898e4b2bfd7a2e2'],
      ],
    ),
  },
  {
    name: 'parakeet-tdt-0.6b-v2',
    adapter: 'sherpa',
    languages: ['en'],
    licence: 'CC-BY-4.0',
    summary: 'Parakeet TDT 0.6b v2, int8: English, with punctuation and capitals',
    files: hubFiles(
      [
        repository(
          'huggingface',
          'csukuangfj/sherpa-onnx-nemo-parakeet-tdt-0.6b-v2-int8',
          '1ab9323565ddb038682214b292f588070a538ce2',
        ),
      ],
      [
        [
          'encoder.int8.onnx',
          652_184_296,
          'a32b12d17bbbc309d0686fbbcc2987b5e9b8333a7da83fa6b089f0a2acd651ab',
        ],
        ['decoder.int8.onnx', 7_257_753, 'b6bb64963457237b900e496ee9994b59294526439fbcc1fecf705b31a15c6b4e'],
        ['joiner.int8.onnx', 1_739_080, '7946164367946e7f9f29a122407c3252b680dbae9a51343eb2488d057c3c43d2'],
        ['tokens.txt', 9384, 'ec182b70dd42113aff6c5372c75cac58c952443eb22322f57bbd7f53977d497d'],
      ],
    ),
  },
  {
    name: 'parakeet-tdt-0.6b-v3',
    adapter: 'sherpa',
    languages: PARAKEET_V3_LANGUAGES,
    licence: 'CC-BY-4.0',
    summary: 'Parakeet TDT 0.6b v3, int8: 25 languages of Europe, with punctuation and capitals',
    files: hubFiles(
      [
        repository(
          'huggingface',
          'csukuangfj/sherpa-onnx-nemo-parakeet-tdt-0.6b-v3-int8',
          '2bda32ec70b097a55adaa07d9a7173915b43cc78',
        ),
      ],
      [
        [
          'encoder.int8.onnx',
          652_184_281,
          'acfc2b4456377e15d04f0243af540b7fe7c992f8d898d751cf134c3a55fd2247',
        ],
        ['decoder.int8.onnx', 11_845_275, '179e50c43d1a9de79c8a24149a2f9bac6eb5981823f2a2ed88d655b24248db4e'],
        ['joiner.int8.onnx', 6_355_277, '3164c13fc2821009440d20fcb5fdc78bff28b4db2f8d0f0b329101719c0948b3'],
        ['tokens.txt', 93_939, 'd58544679ea4bc6ac563d1f545eb7d474bd6cfa467f0a6e2c1dc1c7d37e3c35d'],
      ],
    ),
  },
  ...whispers.map(whisper),
  {
    name: 'zipformer-small-en',
    adapter: 'sherpa',
    languages: ['en'],
    licence: 'see its card',
    licenceUrl: 'https://huggingface.co/csukuangfj/sherpa-onnx-zipformer-small-en-2023-06-26',
    summary: 'Zipformer transducer, small, int8: English of read books, in capitals without punctuation',
    files: hubFiles(
      [
        repository(
          'huggingface',
          'csukuangfj/sherpa-onnx-zipformer-small-en-2023-06-26',
          'e8add5377a6cb7b629b5a0e08d6afe7a73442814',
        ),
      ],
      [
        [
          'encoder-epoch-99-avg-1.int8.onnx',
          26_015_366,
          '3a6ac78a31cc2c60ca8c1e2e2f43c878fbbcaf051ada4900e0a42ef8ba53d375',
        ],
        [
          'decoder-epoch-99-avg-1.int8.onnx',
          1_307_236,
          'f462ab9189ba6f9b2658774e6bf3d651913de54a3833655dc5e093e2f5e4c2b6',
        ],
        [
          'joiner-epoch-99-avg-1.int8.onnx',
          259_335,
          '6b183b6ec656e4d3ca6b86d0aeca992dac14df80aae6b416d7c068d0ff2bd4d7',
        ],
        ['tokens.txt', 5048, '49e3c2646595fd907228b3c6787069658f67b17377c60aeb8619c4551b2316fb'],
      ],
    ),
  },
  {
    name: 'zipformer-ctc-zh',
    adapter: 'sherpa',
    languages: ['zh'],
    licence: 'see its card',
    licenceUrl: 'https://huggingface.co/csukuangfj/sherpa-onnx-zipformer-ctc-zh-int8-2025-07-03',
    summary: 'Zipformer CTC, large, int8: Mandarin, without punctuation',
    files: hubFiles(
      [repository('huggingface', 'csukuangfj/sherpa-onnx-zipformer-ctc-zh-int8-2025-07-03', 'main')],
      [
        ['model.int8.onnx', 367_074_356, 'e291b9c468b651e2697caa09bc684326c3addc6a019e78eb537cfd1a8248ca07'],
        ['tokens.txt', 13_366, '6fed8c6c248516f38e7faa19404b57413e8ce259f1cbc1fa4aebc86eac32fdfd'],
      ],
    ),
  },
];
