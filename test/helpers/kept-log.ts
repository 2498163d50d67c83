import { Writable } from 'node:stream';
import { pino } from 'pino';
import type { Logger } from '../../services/shared/log.ts';

export interface KeptLine {
  level: number;
  msg: string;
  [key: string]: unknown;
}

/** A logger whose lines a test can read. */
export function keepLog(): { log: Logger; lines: KeptLine[] } {
  const lines: KeptLine[] = [];
  const to = new Writable({
    write(line: Buffer, _encoding, done) {
      lines.push(JSON.parse(line.toString()) as KeptLine);
      done();
    },
  });
  return { log: pino({ level: 'debug', base: null }, to), lines };
}
