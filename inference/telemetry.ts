/**
 * Keeps onnxruntime from reporting to its maker, which its official builds for Linux do by default since 1.29: which
 * graphs are loaded, on what machine, under an id kept in the user's cache. Has to be called on the main thread,
 * whose environment is the process's own, before the runtime is loaded anywhere.
 */
export function forbidTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY = '1';
}
