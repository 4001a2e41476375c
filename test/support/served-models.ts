import { ScriptedRecognizer } from '../../inference/doubles/scripted-recognizer.ts';
import type { RecognizerCapabilities } from '../../inference/recognizer.ts';
import { ServedModels } from '../../server/models/served-models.ts';

/** A model's name, and what it can do beside what the scripted one can. */
export type ServedModelTerms = Partial<RecognizerCapabilities> & {
  readonly name: string;
  /** Whether it has letters for a hot word; for any when left out. */
  readonly canWrite?: (text: string) => boolean;
};

/** Models of those names, whose hashes are their numbers over and over. */
export function servedModels(...terms: readonly ServedModelTerms[]): ServedModels {
  const { capabilities } = new ScriptedRecognizer({ script: () => '' });

  return new ServedModels(
    terms.map(({ name, canWrite = () => true, ...own }, index) => ({
      ...{ name, index, hash: String(index).repeat(64) },
      capabilities: { ...capabilities, ...own },
      canWrite,
    })),
  );
}
