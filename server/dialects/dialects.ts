import type { TemplatedApp } from 'uWebSockets.js';
import type { Config } from '../config/options.ts';
import type { SidePort } from '../net/listener.ts';
import type { Dialect } from './dialect.ts';
import type { DialectSockets } from './dialect-sockets.ts';

/** All dialects that are known. */
export const DIALECTS: readonly Dialect[] = [];

/** Those that the settings ask for. */
export function spokenDialects({ dialects }: Pick<Config, 'dialects'>): readonly Dialect[] {
  const names = dialects.split(',');

  return DIALECTS.filter(({ name }) => names.includes(name));
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
