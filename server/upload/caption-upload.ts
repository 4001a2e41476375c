import { StreamError } from '../errors.ts';
import type { RecordingStream } from '../recording/recording-stream.ts';
import { openUploadedRecording } from '../recording/uploaded-recording.ts';
import {
  type CaptionedRecording,
  type CaptionRecordingOptions,
  captionRecording,
  type RecordingLobby,
} from '../session/caption-recording.ts';
import type { Upload } from './upload.ts';
import type { UploadObserver } from './uploads.ts';

/** An upload to be captioned. */
export interface CaptionUploadOptions extends Omit<CaptionRecordingOptions, 'recording'> {
  readonly upload: Pick<Upload, 'path' | 'remove'>;
  readonly lobby: RecordingLobby & UploadObserver;
  readonly maxRecordingMs: number;
  /** Looks at the recording before anything is captioned. @throws {StreamError} to refuse it. */
  readonly inspect?: (recording: RecordingStream) => void;
}

/**
 * Captions an upload, and removes it whatever comes of it.
 *
 * @throws {StreamError} `bad-recording`, or as `captionRecording` and `inspect`.
 * @throws the signal's reason.
 */
export async function captionUpload(options: CaptionUploadOptions): Promise<CaptionedRecording> {
  const { upload, lobby, maxRecordingMs, signal } = options;
  try {
    const recording = await openUploadedRecording(upload.path, maxRecordingMs, signal);
    try {
      options.inspect?.(recording);

      return await captionRecording({ ...options, recording });
    } finally {
      await recording.close();
    }
  } catch (error) {
    // The others the session has told already.
    if (error instanceof StreamError && error.code === 'bad-recording') lobby.error(error.code);
    throw error;
  } finally {
    await upload.remove();
  }
}
