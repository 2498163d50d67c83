/** One event of the log -> what a line says of it. Pure. */

/**
 * `broker: slow client closed · user=gateway cause="it took nothing for 10 s"`. Fields that the sentence tells already are left out, and
 * what stands elsewhere in the line.
 * @param event what pino writes as JSON
 */
export function messageOf({ level: _, time: _t, err: _e, msg = '', service, camera, ...fields }: Record<string, unknown>): string {
  const who = [service, camera].filter(Boolean).join(' ');
  const told = Object.entries(fields).filter(([, value]) => value !== null && !(typeof value === 'string' && String(msg).includes(value)));
  const rest = told.map(([name, value]) => `${name}=${shown(value)}`).join(' ');
  return `${who ? `${who}: ` : ''}${msg}${rest && ` · ${rest}`}`;
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w.:/@+,-]+$/.test(text) ? text : JSON.stringify(text);
}
