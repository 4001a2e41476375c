import { type HttpAnswer, jsonAnswer } from '../../net/http.ts';
import type { ModelIdentity } from '../../net/lobby.ts';
import { openaiAnswer, requestError } from './openai-errors.ts';

/** Knows which model runs. */
export interface ModelSource {
  /** @throws {StreamError} before it does. */
  readonly model: ModelIdentity;
}

/** The models there are: the one that runs, whatever name a client asks for. */
export function modelsAnswer({ model }: ModelSource): HttpAnswer {
  return jsonAnswer('200 OK', { object: 'list', data: [describe(model)] });
}

/** One of them, by its name. */
export function modelAnswer({ model }: ModelSource, name: string): HttpAnswer {
  if (name === model.name) return jsonAnswer('200 OK', describe(model));

  return openaiAnswer(
    404,
    requestError(`The model that runs here is ${model.name}.`, 'model', 'model_not_found'),
  );
}

/** When it was made is not known: clients want a number. */
function describe({ name, hash }: ModelIdentity): object {
  return { id: name, object: 'model', created: 0, owned_by: 'roundtable', sha256: hash };
}
