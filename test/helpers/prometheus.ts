export interface Family {
  type: 'counter' | 'gauge';
  help: string;
  samples: { labels: Record<string, string>; value: number }[];
}

const NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;
const SAMPLE = /^([a-z0-9_]+)(?:\{(.+)\})? (-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/;
const LABEL = /^([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/;

/**
 * Prometheus' text format 0.0.4, and of what it allows only what we mean to write: for each metric HELP, TYPE and its samples, none twice;
 * counters end with `_total` and nothing else does. Throws at the first line that is otherwise.
 */
export function parseMetrics(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, Family>();
  let open: { name: string; family: Family } | null = null;
  for (const block of text.trimEnd().split('\n\n')) {
    const [help = '', type = '', ...lines] = block.split('\n');
    open = readHead(help, type);
    if (families.has(open.name)) throw new Error(`${open.name} comes twice`);
    families.set(open.name, open.family);
    for (const line of lines) readSample(line, open.name, open.family);
  }
  return families;
}

/** A sample's value; undefined when there is none with exactly these labels. */
export function sampleOf(families: Map<string, Family>, name: string, labels: Record<string, string> = {}): number | undefined {
  const same = (others: Record<string, string>) =>
    JSON.stringify(Object.entries(others).sort()) === JSON.stringify(Object.entries(labels).sort());
  return families.get(name)?.samples.find((sample) => same(sample.labels))?.value;
}

function readHead(help: string, type: string): { name: string; family: Family } {
  const [, name = '', words = ''] = /^# HELP (\S+) (\S.*)$/.exec(help) ?? [];
  const [, of, kind] = /^# TYPE (\S+) (counter|gauge)$/.exec(type) ?? [];
  if (!NAME.test(name) || of !== name || !kind) throw new Error(`no head of a metric: ${help}\n${type}`);
  if (name.endsWith('_total') !== (kind === 'counter')) throw new Error(`${name} is a ${kind}`);
  return { name, family: { type: kind as Family['type'], help: words, samples: [] } };
}

function readSample(line: string, of: string, { samples }: Family): void {
  const [, name, labelText = '', value = ''] = SAMPLE.exec(line) ?? [];
  if (name !== of) throw new Error(`no sample of ${of}: ${line}`);
  const labels: Record<string, string> = {};
  for (let rest = labelText; rest !== ''; ) {
    const [label = '', key = '', shown = ''] = LABEL.exec(rest) ?? [];
    if (label === '' || key in labels) throw new Error(`wrong labels: ${line}`);
    labels[key] = shown;
    rest = rest.slice(label.length);
  }
  const isKnown = samples.some((sample) => JSON.stringify(sample.labels) === JSON.stringify(labels));
  if (isKnown) throw new Error(`a sample comes twice: ${line}`);
  samples.push({ labels, value: Number(value) });
}
