import { SAMPLE_RATE } from '../recognizer.ts';
import { Sherpa } from './sherpa.ts';
import type { SherpaGraphs } from './sherpa-graphs.ts';

/**
 * A process of its own that loads a model with sherpa-onnx and has it hear something: what is wrong with the model ends
 * this process instead of the server. Its exit status says whether all went well.
 */
const graphs = JSON.parse(process.argv[2]!) as SherpaGraphs;
/** Noise, in which some models hear words, and silence. */
const noise = Float32Array.from({ length: 2 * SAMPLE_RATE }, (_, i) => Math.sin(i * i * 1e-4) / 3);
const silence = new Float32Array(SAMPLE_RATE);

try {
  const sherpa = await Sherpa.load(graphs);
  // Whoever takes hot words takes them even where none can be used.
  const hotWords = {
    key: '',
    words: [
      { text: '一', weight: 1 },
      { text: 'a', weight: 1 },
    ],
  };
  await sherpa.decode([
    { samples: noise, language: graphs.languages[0] ?? null },
    { samples: silence, language: null },
  ]);
  await sherpa.decode([{ samples: noise, language: null, hotWords }]);
} catch (error) {
  // Told by its first line, so that it is not taken for one of sherpa-onnx' own.
  console.error(`roundtable: ${(error as Error).message}`);
  process.exitCode = 1;
}
