/** The files of a model are not what they have to be. The message is a sentence for whoever put them there. */
export class ModelFilesError extends Error {
  override readonly name = 'ModelFilesError';
}
