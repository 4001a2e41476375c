import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Failure } from '../../server/failure.ts';
import { type ProcessMemory, processCpuSeconds, processMemory } from './process-usage.ts';
import { byLabel, parseMetrics } from './prometheus.ts';

/** A server in a process of its own, so that what it uses can be told from what the bench uses. */
export interface ServerProcess {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** `ws://127.0.0.1:port` */
  readonly socketUrl: string;
  readonly pid: number;
  /** Resolves with the exit code, null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Its last log lines, oldest first. */
  readonly log: readonly string[];
  /** What `/metrics` says, by name and labels; none of a server without it. Reading resets the event loop's delay. */
  metrics(): Promise<ReadonlyMap<string, number>>;
  /** CPU used so far. */
  cpu(): Promise<CpuSeconds>;
  memory(): Promise<ProcessMemory>;
  /**
   * Has it collect its garbage.
   * @returns what it holds right after.
   * @throws {Failure} when it was not started with `ATTENDANT`.
   */
  collectGarbage(): Promise<NodeJS.MemoryUsage>;
  /** Has its next inference thread die in the middle of a task; nothing of a server started without `SABOTEUR`. */
  killThread(): void;
  /** Ends it with SIGTERM, by force if it takes long, and waits. Idempotent. */
  stop(): Promise<void>;
}

/** Seconds of CPU since the start of the process. */
export interface CpuSeconds {
  /** NaN on a machine without `/proc`. */
  readonly total: number;
  /** As the server itself divides them: inference, vad, sockets, other. Empty when it does not tell. */
  readonly parts: Readonly<Record<string, number>>;
}

/** The repository: compiled, this module lies a folder deeper than its source. */
const ROOT = new URL(import.meta.url.endsWith('.ts') ? '../../' : '../../../', import.meta.url);
/** Longest a server may take for its last captions before it is ended by force. */
const STOP_MS = 20_000;
const LOG_LINES = 200;

/** Node's flags for a server that is to collect its garbage when told. */
export const ATTENDANT: readonly string[] = ['--require', pathOf('bench/load/attendant.cjs')];

/** Node's flags for a server whose threads are to die when told. */
export const SABOTEUR: readonly string[] = ['--require', pathOf('bench/load/saboteur.cjs')];

/** Path of a file of the repository, wherever this module runs from. */
export function pathOf(file: string): string {
  return fileURLToPath(new URL(file, ROOT));
}

/** How to start this server on a free port. @param nodeFlags for `node` itself, beside the one it is always started with. */
export function roundtableCommand(flags: readonly string[] = [], nodeFlags: readonly string[] = []) {
  const serve = ['serve', '--port', '0', '--log-level', 'info', ...flags];

  return [process.execPath, '--single-threaded-gc', ...nodeFlags, pathOf('roundtable.mjs'), ...serve];
}

/** How to start the server it is compared with, on a free port. */
export function peerCommand(flags: readonly string[] = []): string[] {
  return [process.execPath, pathOf('dist/bench/peers/sherpa-server.js'), '--port', '0', ...flags];
}

/**
 * Starts a server and waits until it takes streams. It ends with this process, however this one ends, and does not keep
 * it from ending. What it stores is in a folder of its own, and goes with it.
 * @param command program and arguments; the server has to log JSON lines on standard error, one with `url` and one with
 * `msg: 'ready'`.
 * @param environment added to this process's.
 * @throws {Failure} with its last words, when it ends instead.
 */
export async function startServerProcess(
  command: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<ServerProcess> {
  const [program, ...args] = command;
  const dataDir = mkdtempSync(join(tmpdir(), 'roundtable-bench-'));
  const child = spawn(program!, args, {
    env: { ...process.env, HOST: '', PORT: '', ROUNDTABLE_DATA_DIR: dataDir, ...environment },
    // The channel is there for the attendant, and so that a server can see that the bench is gone.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  endWithThisProcess(child, dataDir);
  const log: string[] = [];
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const url = await untilReady(child, log, exited);
  child.unref();
  child.channel?.unref();
  (child.stderr as unknown as { unref(): void }).unref();

  return handle(child, url, log, exited);
}

function handle(
  child: ChildProcess,
  url: string,
  log: readonly string[],
  exited: Promise<number | null>,
): ServerProcess {
  const pid = child.pid!;
  const metrics = async () => {
    const response = await fetch(`${url}/metrics`);
    const page = await response.text();

    return parseMetrics(response.ok ? page : '');
  };

  return {
    url,
    socketUrl: url.replace('http', 'ws'),
    pid,
    exited,
    log,
    metrics,
    cpu: async () => ({
      total: await processCpuSeconds(pid),
      parts: byLabel(await metrics(), 'roundtable_cpu_seconds_total', 'part'),
    }),
    memory: () => processMemory(pid),
    collectGarbage: () => collectGarbage(child),
    // A server that has just ended cannot be told, which its exit tells better.
    killThread: () => void child.send('kill-thread', () => {}),
    stop: async () => {
      child.ref();
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(force);
    },
  };
}

async function untilReady(
  child: ChildProcess,
  log: string[],
  exited: Promise<number | null>,
): Promise<string> {
  const lines = createInterface({ input: child.stderr! });

  return await new Promise<string>((resolve, reject) => {
    let url = '';
    lines.on('line', (line) => {
      log.push(line);
      if (log.length > LOG_LINES) log.shift();
      const entry = parseLine(line);
      url = entry?.url ?? url;
      if (entry?.msg === 'ready') resolve(url);
    });
    child.once('error', (error) => reject(new Failure(`The server cannot be started: ${error.message}.`)));
    void exited.then((code) =>
      reject(new Failure(`The server ended with ${code} instead of starting:\n${log.join('\n')}`)),
    );
  });
}

async function collectGarbage(child: ChildProcess): Promise<NodeJS.MemoryUsage> {
  if (!child.spawnargs.includes(ATTENDANT[1]!))
    throw new Failure('The server was started without its attendant, so it collects garbage when it likes.');
  child.channel?.ref();
  const answered = once(child, 'message');
  child.send('collect-garbage');
  const [held] = await answered;
  child.channel?.unref();

  return held as NodeJS.MemoryUsage;
}

/** Servers, and the folder of each. */
const running = new Map<ChildProcess, string>();

/** By its own id, whatever ends this process: the end of its work, an exception, Ctrl-C, a signal. */
function endWithThisProcess(child: ChildProcess, dataDir: string): void {
  if (running.size === 0) {
    process.once('exit', killAll);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, endBySignal);
  }
  running.set(child, dataDir);
  const ended = () => {
    running.delete(child);
    discard(dataDir);
    if (running.size > 0) return;
    process.off('exit', killAll);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, endBySignal);
  };
  child.once('exit', ended);
  // Which has no exit.
  child.once('error', ended);
}

function killAll(): void {
  for (const [child, dataDir] of running) {
    child.kill('SIGKILL');
    discard(dataDir);
  }
}

function discard(dataDir: string): void {
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 });
}

function endBySignal(signal: NodeJS.Signals): void {
  process.exit(signal === 'SIGINT' ? 130 : 143);
}

function parseLine(line: string): { readonly msg?: string; readonly url?: string } | null {
  try {
    return JSON.parse(line) as { readonly msg?: string; readonly url?: string };
  } catch {
    return null;
  }
}
