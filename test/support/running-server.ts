import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const COMMAND = fileURLToPath(new URL('../../roundtable.mjs', import.meta.url));

/** The compiled server in a process of its own, on a free port of loopback. */
export interface RunningServer {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** `ws://127.0.0.1:port` */
  readonly socketUrl: string;
  readonly process: ChildProcess;
  /** Everything logged so far, as JSON lines. */
  readonly log: readonly string[];
  /** Resolves with the exit code. */
  readonly exited: Promise<number | null>;
  /** Ends it with SIGTERM and waits. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts `roundtable serve` and waits until it is ready.
 * @param flags further flags, such as `['--max-streams', '2']`.
 * @param environment added to the test's own.
 */
export async function startRoundtable(
  flags: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
): Promise<RunningServer> {
  const child = spawn(process.execPath, [COMMAND, 'serve', '--port', '0', '--log-level', 'debug', ...flags], {
    env: { ...process.env, HOST: '', PORT: '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: string[] = [];
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const lines = createInterface({ input: child.stderr! });
  const url = await new Promise<string>((resolve, reject) => {
    let listening = '';
    lines.on('line', (line) => {
      log.push(line);
      const entry = parseLogLine(line);
      if (entry?.msg === 'listening') listening = entry.url ?? '';
      if (entry?.msg === 'ready') resolve(listening);
    });
    void exited.then((code) => reject(new Error(`The server ended with ${code}:\n${log.join('\n')}`)));
  });
  child.stdout!.resume();

  return {
    url,
    socketUrl: url.replace('http', 'ws'),
    process: child,
    log,
    exited,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

function parseLogLine(line: string): { readonly msg?: string; readonly url?: string } | null {
  try {
    return JSON.parse(line) as { readonly msg?: string; readonly url?: string };
  } catch {
    return null;
  }
}
