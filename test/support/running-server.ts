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
  /** API key that clients present to it. */
  readonly key?: string;
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
 * @param until log message to wait for: `listening` comes before the models are loaded.
 */
export async function startRoundtable(
  flags: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
  until: 'ready' | 'listening' = 'ready',
): Promise<RunningServer> {
  const child = spawnRoundtable(['serve', '--port', '0', '--log-level', 'debug', ...flags], environment);
  const log: string[] = [];
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const lines = createInterface({ input: child.stderr! });
  const url = await new Promise<string>((resolve, reject) => {
    let listening = '';
    lines.on('line', (line) => {
      log.push(line);
      const entry = parseLogLine(line);
      if (entry?.msg === 'listening') listening = entry.url ?? '';
      if (entry?.msg === until) resolve(listening);
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

/**
 * Starts a `roundtable` command, without an input and with pipes for its output. What it hears is kept in memory only,
 * unless the flags or the environment say otherwise.
 */
export function spawnRoundtable(args: readonly string[], environment: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [COMMAND, ...args], {
    env: { ...process.env, HOST: '', PORT: '', ROUNDTABLE_DATA_DIR: 'none', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** What a command left behind. */
export interface CommandResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Collects a command's output until it ends. */
export async function finish(child: ChildProcess): Promise<CommandResult> {
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];

  return { code, signal, stdout, stderr };
}

/** Runs a `roundtable` command to its end. */
export function runRoundtable(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<CommandResult> {
  return finish(spawnRoundtable(args, environment));
}

function parseLogLine(line: string): { readonly msg?: string; readonly url?: string } | null {
  try {
    return JSON.parse(line) as { readonly msg?: string; readonly url?: string };
  } catch {
    return null;
  }
}
