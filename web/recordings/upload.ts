import { keyHeaders } from '../shell/api-key.ts';
import { refusal, unreachable } from '../shell/server.ts';
import type { Job } from './job.ts';

/** What is sent of a recording. */
export interface Upload {
  readonly contents: Blob;
  readonly name: string;
  /** Further fields of the form; those that are '' are left out. */
  readonly fields: Readonly<Record<string, string>>;
  /** @param share of it that has been sent, 0 to 1. */
  readonly onSent: (share: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Submits a recording. By XMLHttpRequest, because `fetch` does not tell how much has been sent.
 * @throws {RoundtableError} as `askServer`.
 * @throws the signal's reason.
 */
export function upload({ contents, name, fields, onSent, signal }: Upload): Promise<Job> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    const form = new FormData();
    for (const [field, value] of Object.entries(fields)) if (value !== '') form.append(field, value);
    form.append('file', contents, name);
    request.open('POST', '/v1/jobs');
    for (const [header, value] of Object.entries(keyHeaders())) request.setRequestHeader(header, value);
    request.upload.onprogress = ({ loaded, total }) => onSent(total > 0 ? loaded / total : 0);
    request.onload = () => {
      const { status, responseText } = request;
      if (status === 202) resolve(JSON.parse(responseText) as Job);
      else
        reject(
          refusal({ status, sentence: responseText, header: (header) => request.getResponseHeader(header) }),
        );
    };
    request.onerror = () => reject(unreachable());
    signal.addEventListener('abort', () => {
      request.abort();
      reject(signal.reason);
    });
    request.send(form);
  });
}
