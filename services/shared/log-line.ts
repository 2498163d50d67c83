/** One event of the log -> a line for people. Pure. */

/** What pino writes as JSON. */
export interface LogEvent {
  level: string;
  /** ISO 8601. */
  time: string;
  msg?: string;
  service?: string;
  camera?: string;
  err?: { stack?: string; message?: string };
  [field: string]: unknown;
}

/** ECMA-48 8.3.117; the others need none. */
const COLOURS: Record<string, string> = { warn: '\x1b[33m', error: '\x1b[31m' };

/**
 * `2026-11-22 23:10:05 WARN  broker: slow client closed · user=gateway cause="it took nothing for 10 s"`, in the machine's time. Fields that
 * the sentence tells already are left out; the stack of an error stands below.
 */
export function lineOf({ level, time, msg = '', service, camera, err, ...fields }: LogEvent, colours: boolean): string {
  const who = [service, camera].filter(Boolean).join(' ');
  const told = Object.entries(fields).filter(([, value]) => value !== null && !(typeof value === 'string' && msg.includes(value)));
  const rest = told.map(([name, value]) => `${name}=${shown(value)}`).join(' ');
  const sentence = `${level.toUpperCase().padEnd(5)} ${who ? `${who}: ` : ''}${msg}${rest && ` · ${rest}`}`;
  const stack = err ? `\n${err.stack ?? err.message}` : '';
  const colour = colours ? COLOURS[level] : undefined;
  return `${localTime(new Date(time))} ${colour ? `${colour}${sentence}\x1b[0m` : sentence}${stack}\n`;
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w.:/@+,-]+$/.test(text) ? text : JSON.stringify(text);
}

function localTime(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  return `${day} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':')}`;
}
