import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

export type { Logger } from 'pino';

/**
 * The log, on standard error: lines for people on a terminal, JSON elsewhere. Nothing that was said goes into it.
 * @param level `silent` for none.
 */
export function createLog(level: string, destination: NodeJS.WriteStream = process.stderr): Logger {
  if (!destination.isTTY) return pino({ level, base: null }, destination);
  const stream = pretty({
    destination,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss',
    colorize: process.env.NO_COLOR === undefined,
  });

  return pino({ level, base: null }, stream);
}
