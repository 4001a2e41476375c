import type { ModelIdentity, ServedModels } from '../../models/served-models.ts';
import { type HttpAnswer, jsonAnswer } from '../../net/http.ts';
import { openaiAnswer, requestError } from './openai-errors.ts';

/** Knows which models run. */
export interface ModelSource {
  /** @throws {StreamError} before they do. */
  readonly recognizers: ServedModels;
}

/** The models there are, the default first. A client that asks for another one gets the one for its language. */
export function modelsAnswer({ recognizers }: ModelSource): HttpAnswer {
  return jsonAnswer('200 OK', { object: 'list', data: recognizers.list.map(describe) });
}

/** One of them, by its name. */
export function modelAnswer({ recognizers }: ModelSource, name: string): HttpAnswer {
  const model = recognizers.named(name);
  if (model) return jsonAnswer('200 OK', describe(model));
  const names = recognizers.list.map((each) => each.name).join(', ');

  return openaiAnswer(404, requestError(`What runs here is ${names}.`, 'model', 'model_not_found'));
}

/** When it was made is not known: clients want a number. */
function describe({ name, hash }: ModelIdentity): object {
  return { id: name, object: 'model', created: 0, owned_by: 'roundtable', sha256: hash };
}
