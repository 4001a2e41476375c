import { Failure } from '../../server/failure.ts';
import { byLabel, parseMetrics } from './prometheus.ts';
import {
  type CpuSeconds,
  peerCommand,
  roundtableCommand,
  type ServerProcess,
  startServerProcess,
} from './server-process.ts';

/** A server that a load is put on. */
export type LoadedServer = Pick<ServerProcess, 'socketUrl' | 'metrics' | 'cpu' | 'stop'>;

/** A server to measure, started anew for each bench. */
export interface Contender {
  readonly name: 'roundtable' | 'peer';
  start(): Promise<LoadedServer>;
}

/** Which servers are compared. */
export interface ContenderFlags {
  /** `ws://host:port` of a running server to measure instead of one that is started. */
  readonly url?: string;
  readonly serverFlags?: string;
  readonly peer: boolean;
}

/** This server, or the one that is running, and beside the former the peer unless it is not wanted. */
export function contenders({ url, serverFlags = '', peer }: ContenderFlags): readonly Contender[] {
  if (url !== undefined) return [{ name: 'roundtable', start: async () => runningServer(url) }];
  const flags = serverFlags.split(' ').filter((flag) => flag !== '');
  const own: Contender = { name: 'roundtable', start: () => startServerProcess(roundtableCommand(flags)) };
  const other: Contender = { name: 'peer', start: () => startServerProcess(peerCommand()) };

  return peer ? [own, other] : [own];
}

/** Of a server elsewhere, all there is to read is what it tells itself. */
function runningServer(url: string): LoadedServer {
  if (!/^wss?:\/\//.test(url)) throw new Failure(`--url has to begin with ws:// or wss://, unlike ${url}.`);
  const socketUrl = url.replace(/\/+$/, '');
  const metrics = async () => {
    const page = await fetch(`${socketUrl.replace('ws', 'http')}/metrics`).catch(() => null);

    return parseMetrics(page?.ok ? await page.text() : '');
  };
  const cpu = async (): Promise<CpuSeconds> => {
    const samples = await metrics();

    return {
      total: samples.get('process_cpu_seconds_total') ?? Number.NaN,
      parts: byLabel(samples, 'roundtable_cpu_seconds_total', 'part'),
    };
  };

  return { socketUrl, metrics, cpu, stop: async () => {} };
}

/** Path of the socket for speakers. */
export function streamUrl({ socketUrl }: Pick<LoadedServer, 'socketUrl'>): string {
  return `${socketUrl}/v1/stream`;
}
