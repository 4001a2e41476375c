import { existsSync } from 'node:fs';

const STORE = new URL('../dist/server/model-store/store.js', import.meta.url);

/** Before any test: the compiled server has to be there, and the default models on disk (fetched once, verified). */
export default async function setup(): Promise<void> {
  if (!existsSync(STORE))
    throw new Error('The tests run the compiled server. Run "npm run build" first, or "npm test".');
  const { ModelStore } = (await import(STORE.href)) as typeof import('../server/model-store/store.ts');
  const { streamProgress } = await import('../server/model-store/progress.ts');
  const { defaultModels } = await import('../server/model-store/catalogue.ts');
  const { readConfig } = await import('../server/config/config.ts');
  const store = new ModelStore({ directory: readConfig().modelsDir });
  for (const model of defaultModels) await store.pull(model, { progress: streamProgress() });
}
