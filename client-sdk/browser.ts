import { CaptureError, toCaptureError } from './capture/capture-error.ts';
import { openCapture } from './capture/open-capture.ts';
import type { Capture, CaptureOptions, Microphone, MicrophoneOptions } from './capture/terms.ts';

export { CaptureError, type CaptureErrorCode } from './capture/capture-error.ts';
export type { Diagnostic } from './capture/diagnosis.ts';
export type { Level } from './capture/level.ts';
export type {
  Capture,
  CaptureEvents,
  CaptureOptions,
  CaptureState,
  Microphone,
  MicrophoneOptions,
} from './capture/terms.ts';
export * from './index.ts';

/** Written so that bundlers that know of assets see it. */
const WORKLET_URL = () => new URL('./capture-worklet.js', import.meta.url);

/**
 * Opens a microphone. The browser asks whether it may, the first time; best called when a button was pressed.
 * @throws {CaptureError} that says what to do.
 */
export async function captureMicrophone(options: MicrophoneOptions = {}): Promise<Capture> {
  const { deviceId, echoCancellation, noiseSuppression, autoGainControl } = options;
  const devices = mediaDevices();
  if (!devices.getUserMedia) throw new CaptureError('not-supported');
  const audio: MediaTrackConstraints = {
    channelCount: 1,
    ...(deviceId !== undefined && { deviceId: { exact: deviceId } }),
    ...(echoCancellation !== undefined && { echoCancellation }),
    ...(noiseSuppression !== undefined && { noiseSuppression }),
    ...(autoGainControl !== undefined && { autoGainControl }),
  };
  const stream = await devices.getUserMedia({ audio }).catch((cause) => {
    throw toCaptureError(cause, 'microphone');
  });

  return openCapture('microphone', stream, { ...options, workletUrl: options.workletUrl ?? WORKLET_URL() });
}

/**
 * Captures what a tab, or the whole machine, plays. The browser asks which; best called when a button was pressed. Firefox and
 * Safari share no audio.
 * @throws {CaptureError} that says what to do.
 */
export async function captureTab(options: CaptureOptions = {}): Promise<Capture> {
  const devices = mediaDevices();
  if (!devices.getDisplayMedia) throw new CaptureError('not-supported');
  // Nobody speaks into it: what the browser does against echoes and noise would harm it.
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  // Browsers share no audio without a picture.
  const stream = await devices.getDisplayMedia({ audio, video: true }).catch((cause) => {
    throw toCaptureError(cause, 'tab');
  });

  return openCapture('tab', stream, { ...options, workletUrl: options.workletUrl ?? WORKLET_URL() });
}

/** The microphones there are. Empty where the browser tells none. @throws {CaptureError} */
export async function listMicrophones(): Promise<Microphone[]> {
  const devices = await mediaDevices().enumerateDevices();

  return devices
    .filter(({ kind }) => kind === 'audioinput')
    .map(({ deviceId, label }, i) => ({ deviceId, label: label || `Microphone ${i + 1}` }));
}

/** @throws {CaptureError} where there are none. */
function mediaDevices(): Partial<MediaDevices> & Pick<MediaDevices, 'enumerateDevices'> {
  if (!globalThis.isSecureContext) throw new CaptureError('insecure-context');
  const { mediaDevices: devices } = globalThis.navigator as Partial<Navigator>;
  if (!devices) throw new CaptureError('not-supported');

  return devices;
}
