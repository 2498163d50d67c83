/** Those of Jinja's templates that our messages hold, rendered as Home Assistant does. Pure. */

const PATH = /^value_json((?:\.\w+)+)$/;
const ATTRIBUTES = /^\{(.+)\} \| tojson$/;
const CHOICE = /^'(\w+)' if value_json\.(\w+) in \[(.+)\] else '(\w+)'$/;
const SHOW_NONE = `'(' ~ value ~ ')' if value | lower == 'none' else value`;
const SEND_NONE = `value[1:-1] if value | lower == '(none)' else value`;

/** Throws for a template of another form: then it is to be added here. */
export function render(template: string | undefined, payload: string): string {
  if (template === undefined) return payload;
  const inner = /^\{\{ (.+) \}\}$/.exec(template)?.[1] ?? '';
  if (inner === SHOW_NONE) return payload.toLowerCase() === 'none' ? `(${payload})` : payload;
  if (inner === SEND_NONE) return payload.toLowerCase() === '(none)' ? payload.slice(1, -1) : payload;
  const [, on, field = '', list = '', off] = CHOICE.exec(inner) ?? [];
  if (on && off) return list.split(', ').includes(`'${at(payload, `.${field}`)}'`) ? on : off;
  const pairs = ATTRIBUTES.exec(inner)?.[1];
  if (pairs) return JSON.stringify(Object.fromEntries(pairs.split(', ').map((pair) => attribute(pair, payload))));
  const path = PATH.exec(inner)?.[1];
  if (path) return String(at(payload, path) ?? 'None');
  throw new Error(`this stand-in for Home Assistant does not know the template ${template}`);
}

function attribute(pair: string, payload: string): [string, unknown] {
  const [, name = '', path = ''] = /^'(\w+)': value_json((?:\.\w+)+)$/.exec(pair) ?? [];
  return [name, at(payload, path)];
}

function at(payload: string, path: string): unknown {
  let value: unknown = JSON.parse(payload);
  for (const name of path.slice(1).split('.')) value = (value as Record<string, unknown> | null)?.[name];
  return value;
}
