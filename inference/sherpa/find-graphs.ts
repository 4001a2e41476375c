import { ModelFilesError } from '../model-files-error.ts';
import { type ModelHeader, readModelHeader } from '../onnx/model-header.ts';
import type { ModelFolder } from './model-folder.ts';
import type { FoundModel, SherpaModel } from './sherpa-graphs.ts';

/** Parts of a model in several graphs: `tiny.en-encoder`, `encoder-epoch-99-avg-1`, `encoder`. */
const ENCODER = /^(?:(.+)-)?encoder(-.+)?$/;
/** `model_type` of icefall's transducers and of NeMo's. */
const ICEFALL = ['zipformer', 'zipformer2', 'conformer'];
const NEMO_TRANSDUCERS = ['EncDecRNNTBPEModel', 'EncDecHybridRNNTCTCBPEModel', 'EncDecRNNTModel'];
const NEMO_CTC = ['EncDecCTCModelBPE', 'EncDecCTCModel', 'EncDecHybridRNNTCTCBPEModel'];
/** What exporters of models that take their audio in pieces write down. */
const STREAMING_KEYS = ['decode_chunk_len', 'chunk_shift', 'cache_last_channel_dim1', 'left_context_len'];
/** Names under which exporters write down at which rate the audio has to come. */
const RATE_KEYS = ['sample_rate', 'sampling_rate', 'samplerate'];
const RATE = '16000';

/**
 * Finds a model by what its graphs say of themselves: `model_type` and the rest of the metadata that sherpa-onnx' exporters
 * write down, which sherpa-onnx itself goes by.
 * @returns null when none of them says that it is such a model.
 * @throws {ModelFilesError} when it is such a model, but cannot be served or lacks files.
 */
export async function findGraphs(folder: ModelFolder): Promise<FoundModel | null> {
  const encoders = folder.stems.filter((stem) => ENCODER.test(stem));
  if (encoders.length > 1) {
    throw new ModelFilesError(
      `${folder.name} has the encoders of several models, ${encoders.join(' and ')}: leave those of one.`,
    );
  }
  const [encoder] = encoders;
  if (encoder !== undefined) return findParts(folder, encoder);

  return folder.stems.length === 1 ? findSingle(folder, folder.stems[0]!) : null;
}

async function findSingle(folder: ModelFolder, stem: string): Promise<FoundModel | null> {
  const model = folder.graph(stem);
  const header = model === null ? null : await readModelHeader(model);
  const type = header?.metadata.get('model_type');
  if (model === null || !header || type === undefined) return null;
  const family = singleFamily(type);
  if (family === null) return null;
  refuseStreaming(folder, header);
  checkRate(folder, header);

  return {
    model: { family, model },
    tokens: folder.need('tokens.txt', kindOf(family)),
    metadata: family === 'zipformer-ctc' ? withScores(header) : header.metadata,
  };
}

/** icefall writes down no size of the vocabulary here, but the scores have it: `[N, T, vocabulary]`. */
function withScores({ metadata, outputs }: ModelHeader): ReadonlyMap<string, string> {
  const size = outputs[0]?.shape?.at(2);

  return size == null ? metadata : new Map([...metadata, ['vocab_size', String(size)]]);
}

function singleFamily(type: string): 'paraformer' | 'zipformer-ctc' | 'nemo-ctc' | null {
  if (type === 'paraformer') return 'paraformer';
  if (type === 'zipformer2_ctc') return 'zipformer-ctc';

  return NEMO_CTC.includes(type) ? 'nemo-ctc' : null;
}

async function findParts(folder: ModelFolder, stem: string): Promise<FoundModel | null> {
  const encoder = folder.graph(stem)!;
  const header = await readModelHeader(encoder);
  const type = header.metadata.get('model_type');
  if (type === undefined) return null;
  refuseStreaming(folder, header);
  checkRate(folder, header);
  const part = (name: string) => stem.replace(/encoder(?=-|$)/, name);
  const { metadata } = header;
  if (type.startsWith('whisper')) {
    const kind = kindOf('whisper');
    const prefix = ENCODER.exec(stem)?.[1];
    const tokens = folder.need(prefix === undefined ? 'tokens.txt' : `${prefix}-tokens.txt`, kind);
    const decoder = folder.needGraph(part('decoder'), kind);

    return {
      model: { family: 'whisper', encoder, decoder, languageCodes: whisperCodes(metadata) },
      tokens,
      metadata,
    };
  }
  const family = ICEFALL.includes(type)
    ? 'transducer'
    : NEMO_TRANSDUCERS.includes(type)
      ? 'nemo-transducer'
      : null;
  if (family === null) {
    throw new ModelFilesError(
      `${folder.name} is a model of type ${type}, which this server does not run. Of models with an encoder and a decoder it runs Whisper, and transducers of icefall and NeMo.`,
    );
  }
  const kind = kindOf(family);
  const [decoder, joiner] = [folder.needGraph(part('decoder'), kind), folder.needGraph(part('joiner'), kind)];
  const tokens = folder.need('tokens.txt', kind);

  return {
    model: { family, encoder, decoder, joiner },
    tokens,
    metadata: await withDecoder(metadata, decoder, family),
  };
}

/** icefall writes the size of the vocabulary into its decoder. */
async function withDecoder(
  metadata: ReadonlyMap<string, string>,
  decoder: string,
  family: SherpaModel['family'],
): Promise<ReadonlyMap<string, string>> {
  if (family !== 'transducer') return metadata;

  return new Map([...metadata, ...(await readModelHeader(decoder)).metadata]);
}

function whisperCodes(metadata: ReadonlyMap<string, string>): readonly string[] {
  if (metadata.get('is_multilingual') !== '1') return [];

  return (metadata.get('all_language_codes') ?? '').split(',').filter((code) => code !== '');
}

/** What takes audio piece by piece has inputs for what it remembers. */
function refuseStreaming(folder: ModelFolder, { metadata, inputs }: ModelHeader): void {
  const type = metadata.get('model_type');
  const inParts = type === 'paraformer' && folder.stems.some((stem) => ENCODER.test(stem));
  const remembers = inputs.some(({ name }) => /cache|state|^cached_/.test(name));
  const streaming = metadata.get('comment')?.startsWith('streaming');
  if (!inParts && !remembers && !streaming && !STREAMING_KEYS.some((key) => metadata.has(key))) return;
  throw new ModelFilesError(
    `${folder.name} is a streaming model (${type}): it takes audio piece by piece, and this server hands over whole segments. Use the non-streaming export of it.`,
  );
}

function checkRate(folder: ModelFolder, { metadata }: ModelHeader): void {
  const rate = RATE_KEYS.map((key) => metadata.get(key)).find((value) => value !== undefined);
  if (rate !== undefined && rate !== RATE) {
    throw new ModelFilesError(
      `${folder.name} was made for audio at ${rate.slice(0, 20)} Hz; this server gives it ${RATE} Hz. Use a model for that.`,
    );
  }
}

/** What a family is called in messages. */
export function kindOf(family: SherpaModel['family']): string {
  return {
    transducer: "a transducer of icefall's",
    'nemo-transducer': "a transducer of NeMo's",
    'zipformer-ctc': 'a Zipformer with CTC',
    'nemo-ctc': "a CTC model of NeMo's",
    paraformer: 'Paraformer',
    whisper: 'Whisper',
    moonshine: 'Moonshine',
    'moonshine-v1': 'Moonshine',
    'fun-asr-nano': 'Fun-ASR-Nano',
  }[family];
}
