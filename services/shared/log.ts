import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Settings } from './settings.ts';

export type { Logger };

/**
 * The one logger of a process; services get children of it handed in (`log.child({ service: 'camera' })`).
 * Lines for people, on standard output; nothing that a user typed as a secret is ever given to it.
 * @param level `debug`, `info`, `warn`, `error` or `silent`
 */
export function createLog(level: Settings['logLevel']): Logger {
  const lines = pretty({
    colorize: process.stdout.isTTY === true,
    ignore: 'pid,hostname,service,camera',
    translateTime: 'SYS:HH:MM:ss',
    messageFormat: (line, key) => [line.service, line.camera, line[key]].filter(Boolean).join(': '),
    singleLine: true,
    sync: true,
  });
  return pino({ level }, lines);
}
