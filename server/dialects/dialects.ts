import type { TemplatedApp } from 'uWebSockets.js';
import type { Config } from '../config/options.ts';
import type { SidePort } from '../net/listener.ts';
import { DEEPGRAM } from './deepgram/deepgram.ts';
import type { Dialect } from './dialect.ts';
import { isSpoken } from './dialect-names.ts';
import type { DialectSockets } from './dialect-sockets.ts';
import { FUNASR } from './funasr/funasr.ts';
import { OPENAI_REALTIME } from './openai/realtime.ts';
import { VOSK } from './vosk/vosk.ts';

/** All dialects that are known. */
export const DIALECTS: readonly Dialect[] = [DEEPGRAM, OPENAI_REALTIME, FUNASR, VOSK];

/** Those that the settings ask for. */
export function spokenDialects(config: Pick<Config, 'dialects'>): readonly Dialect[] {
  return DIALECTS.filter(({ name }) => isSpoken(config, name));
}

/** Adds the dialects' WebSockets to the main port. */
export function mountDialects(sockets: DialectSockets, dialects: readonly Dialect[]) {
  return (app: TemplatedApp): void => {
    for (const dialect of dialects) sockets.mount(app, dialect);
  };
}

/** Ports of their own for dialects whose clients know no path. */
export function dialectPorts(
  sockets: DialectSockets,
  dialects: readonly Dialect[],
  { funasrPort, voskPort }: Pick<Config, 'funasrPort' | 'voskPort'>,
): readonly SidePort[] {
  const ports = { funasr: ['--funasr-port', funasrPort], vosk: ['--vosk-port', voskPort] } as const;

  return dialects.flatMap((dialect) => {
    const [flag, port] = dialect.name in ports ? ports[dialect.name as keyof typeof ports] : ['', 0];

    return port === 0 ? [] : [{ port, flag, mount: (app) => sockets.mount(app, dialect, '/*') }];
  });
}
