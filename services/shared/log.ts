import { type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino';
import { lineOf } from './log-line.ts';
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
  const out = pino.destination({ dest: 1, sync: true });
  if (format === 'json') return pino(options, out);
  const colours = process.stdout.isTTY === true;
  return pino(options, { write: (json: string) => out.write(lineOf(JSON.parse(json), colours)) });
}
