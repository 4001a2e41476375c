import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ModelFilesError } from '../model-files-error.ts';
import type { SherpaGraphs } from './sherpa-graphs.ts';

/** As long as a thread may take to load. */
const TIMEOUT_MS = 120_000;
const MAX_OUTPUT_BYTES = 1 << 20;
/** Where in its source sherpa-onnx says something. */
const PLACE = /^\S+\.(cc|h):\S+:\d+ /;
/** What onnxruntime puts before its messages, in colours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are told colours by them.
const LOG_PREFIX = /\u001b\[[\d;]*m|^\S+ \S+ \[E:onnxruntime[^\]]*\] /g;
const MAX_REASON_CHARACTERS = 300;

/**
 * Tries a model in a process of its own. sherpa-onnx ends the process that it is in over most of what can be wrong with a
 * model, and so would end the server.
 * @param processUrl the compiled `probe-process`.
 * @param stop ends that process, and rejects with its reason.
 * @throws {ModelFilesError} when sherpa-onnx is not installed, or cannot run the model; the message has its own words.
 */
export async function probeSherpa(graphs: SherpaGraphs, processUrl: URL, stop?: AbortSignal): Promise<void> {
  try {
    await promisify(execFile)(process.execPath, [fileURLToPath(processUrl), JSON.stringify(graphs)], {
      timeout: TIMEOUT_MS,
      maxBuffer: MAX_OUTPUT_BYTES,
      ...(stop && { signal: stop }),
    });
  } catch (error) {
    stop?.throwIfAborted();
    const {
      stderr = '',
      killed,
      signal,
    } = error as { stderr?: string; killed?: boolean; signal?: string | null };
    const ours = /^roundtable: (.*)$/m.exec(stderr)?.[1];
    if (ours !== undefined) throw new ModelFilesError(ours, { cause: error });
    const how = killed ? `it did not answer within ${TIMEOUT_MS / 1000} s` : (signal ?? 'it gave up');
    throw new ModelFilesError(`sherpa-onnx cannot run the model: ${reasonOf(stderr) || how}`, {
      cause: error,
    });
  }
}

/** The last that sherpa-onnx said, in one line. */
function reasonOf(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.replace(LOG_PREFIX, '').replace(PLACE, '').trim());
  const said = lines.filter((line) => line !== '' && !line.startsWith('terminate called'));

  return (said.at(-1) ?? '').slice(0, MAX_REASON_CHARACTERS);
}
