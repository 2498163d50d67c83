import { type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';
import { messageOf } from './log-line.ts';
import type { Settings } from './settings.ts';

export type { Logger };

/**
 * The one logger of a process; services get children of it handed in (`log.child({ service: 'camera' })`). One line an event, on
 * standard output; nothing that a user typed as a secret is ever given to it.
 * @param level `debug`, `info`, `warn`, `error` or `silent`
 * @param format `text`: for people; `json`: one object a line, with level, time (ISO 8601, UTC), service, camera, msg and the event's fields
 */
export function createLog(level: Settings['logLevel'], format: Settings['logFormat'] = 'text'): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  if (format === 'json') return pino(options, pino.destination({ dest: 1, sync: true }));
  const lines = pretty({
    colorize: process.stdout.isTTY === true,
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss',
    customPrettifiers: { time: String },
    messageFormat: messageOf,
    // Not hideObject: that would hide the stack, too.
    include: 'time,level,err',
    sync: true,
  });
  return pino(options, lines);
}
