import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { StreamError } from '../errors.ts';

/** More than any dialect's forms have. What comes of them all is a megabyte. */
const LIMITS = { fields: 64, fieldSize: 16_384, headerPairs: 32, headerSize: 16_384 };

/** What a form says besides its file. */
export interface Form {
  /** As the sender calls the file, without folders; '' where it does not say. */
  readonly fileName: string;
  readonly contentType: string;
  /** By name, the values of each in their order. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads a form (`multipart/form-data`, RFC 7578) with one file, which is handed on as it comes.
 *
 * @param fileField the file's name in the form.
 * @param takeFile takes the file's pieces; what it throws ends the reading.
 * @throws {StreamError} `bad-message` where it is no such form, `out-of-range` where a field is too much.
 * @throws what reading the body throws.
 */
export function readForm(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
  fileField: string,
  takeFile: (file: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<Form> {
  return new Promise((resolve, reject) => {
    const busboy = open(contentType);
    const fields = new Map<string, string[]>();
    let file: Pick<Form, 'fileName' | 'contentType'> | null = null;
    let taken = Promise.resolve();
    const refuse = (code: 'bad-message' | 'out-of-range', detail: string) =>
      reject(new StreamError(code, detail));
    const damaged = () => refuse('bad-message', 'The form ends too early, or is damaged.');
    busboy.on('field', (name, value, _, isCut) => {
      if (isCut) refuse('out-of-range', `A field of a form has at most ${LIMITS.fieldSize} bytes.`);
      else fields.set(name, [...(fields.get(name) ?? []), value]);
    });
    busboy.on('fieldsLimit', () => refuse('out-of-range', `A form has at most ${LIMITS.fields} fields.`));
    busboy.on('file', (name, pieces, fileName, _, type) => {
      // Of the form, which is told as its fault; the file's reader hears of it, too.
      pieces.on('error', damaged);
      if (name !== fileField || file) {
        refuse('bad-message', `A form has one file, named ${fileField}.`);
        return;
      }
      file = { fileName: fileName ?? '', contentType: type };
      taken = takeFile(pieces);
      taken.catch(reject);
    });
    busboy.on('error', damaged);
    busboy.on('finish', () => {
      if (file) taken.then(() => resolve({ ...file!, fields }), reject);
      else refuse('bad-message', `The form has no file named ${fileField}.`);
    });
    feed(body, busboy).catch(reject);
  });
}

/** @throws {StreamError} `bad-message`. */
function open(contentType: string): BusboyInstance {
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits: LIMITS });
  } catch (error) {
    throw new StreamError('bad-message', 'Send the recording as multipart/form-data.', { cause: error });
  }
}

/** One piece after the other: the next is read when the file has taken its part of the one before. */
async function feed(body: AsyncIterable<Uint8Array>, busboy: BusboyInstance): Promise<void> {
  for await (const piece of body) {
    await new Promise<void>((resolve, reject) => {
      busboy.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  }
  busboy.end();
}
