import { env, type InferenceSession } from 'onnxruntime-node';
import type { Device } from './device.ts';
import { forbidTelemetry } from './telemetry.ts';

/**
 * Session options for one thread on `device`. One intra-op thread: parallelism comes from having several inference
 * threads, each on its own batch, which scales with cores where threads within an operator do not.
 */
export function sessionOptions(device: Device): InferenceSession.SessionOptions {
  forbidTelemetry();
  // What goes wrong is thrown as well; the runtime's own lines on standard error would only say it twice.
  env.logLevel = 'fatal';
  // A number is all that onnxruntime-node 1.29 hands on to CUDA (`session_options_helper.cc`): no limit of memory, no precision.
  const executionProviders: InferenceSession.ExecutionProviderConfig[] =
    device === 'cpu' ? ['cpu'] : [{ name: 'cuda', deviceId: Number(device.slice('cuda:'.length)) }, 'cpu'];
  return {
    executionProviders,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    // Warnings about unused initialisers of other people's graphs help nobody who runs a server.
    logSeverityLevel: 3,
  };
}
