/** What would let a user do what was refused. Pure. */
import { type Prefixes, topicOf } from './topic-kinds.ts';

export interface Refused {
  deed: 'read' | 'publish';
  /** A topic, or a filter. */
  name: string;
  user: string | undefined;
  /** One of the broker's own, whose rights are as they are. */
  isOwn: boolean;
}

/** The end of a sentence: a line to type, or why nothing helps. */
export function remedyFor(prefixes: Prefixes, { deed, name, user, isOwn }: Refused): string {
  const right = rightFor(prefixes, deed, name);
  if (right === null) return "nobody may: it is the broker's own, or the gateways'";
  if (isOwn) return `make a user that may: npm run user -- add NAME --may ${right}`;
  return `give it the right ${right}, too: npm run user -- may ${user} …`;
}

function rightFor(prefixes: Prefixes, deed: Refused['deed'], name: string): string | null {
  const topic = topicOf(prefixes, name);
  switch (topic.kind) {
    case 'reserved':
      return null;
    case 'told':
      return `${deed}:${topic.camera}`;
    case 'command':
      return `control:${topic.camera}`;
    case 'broker-count':
    case 'count':
      return deed === 'read' ? `read:${topic.camera}` : null;
    case 'discovery':
      return `publish:${topic.camera}`;
    case 'bridge':
      return 'publish:*';
    case 'cameras':
    case 'page':
      return deed === 'read' ? 'read:*' : null;
    case 'inner':
      return /[+#]/.test(name) ? 'read:*' : 'admin';
    default: {
      const base = name.replace(/\/?[+#].*$/s, '');
      return base ? `use:${base}` : 'read:*';
    }
  }
}
