import { Fragment, h, type JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { Checkup } from '../../../shared/checkup.ts';
import { type Camera, LoginNeeded } from '../camera.ts';
import { askDoctor, NoFindings } from '../doctor.ts';
import type { Words } from '../words/en.ts';
import { moment, sentence } from '../words/times.ts';
import { Line, withLines } from './panel.ts';
import type { Ui } from './ui.ts';

type Finding = Checkup['findings'][number];
type Outcome =
  | { is: 'asking' }
  | { is: 'found'; checkup: Checkup; at: number }
  | { is: 'refused' /** Null: the gateway is not reached. */; why: string | null; command: string };

/** What the doctor finds, as `npm run doctor` tells it: asked for at once, and as often as somebody wishes. */
export function DoctorVisit({ ui, camera: { id } }: { ui: Ui; camera: Camera }): JSX.Element {
  const { words } = ui;
  const titleId = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  const [outcome, setOutcome] = useState<Outcome>({ is: 'asking' });
  const ask = async () => {
    setOutcome({ is: 'asking' });
    // The button that was pressed is gone.
    heading.current?.focus();
    setOutcome(await visit(ui, id));
  };
  useEffect(() => void ask(), [id]);
  useEffect(() => heading.current?.scrollIntoView({ block: 'start' }), [outcome]);
  const isAsking = outcome.is === 'asking';
  return h(
    'section',
    { class: 'doctor', 'aria-labelledby': titleId, 'aria-busy': isAsking },
    h('h3', { id: titleId, ref: heading, tabIndex: -1 }, words.doctor),
    h('div', { role: 'status', class: 'doctor-word' }, h(Word, { words, outcome })),
    outcome.is === 'found' && h(Findings, { ui, findings: outcome.checkup.findings }),
    outcome.is === 'refused' && outcome.command && h('div', null, words.doctorByHand, h(Line, { ui, text: outcome.command })),
    outcome.is === 'found' && h('p', { class: 'soft' }, whenAndWhere(words, outcome)),
    !isAsking && h('button', { type: 'button', class: 'ask-again wide', onClick: () => void ask() }, words.askAgain),
  );
}

async function visit({ station }: Ui, id: string): Promise<Outcome> {
  try {
    return { is: 'found', checkup: await askDoctor(id), at: Date.now() };
  } catch (error) {
    if (error instanceof LoginNeeded) station.logIn();
    return error instanceof NoFindings
      ? { is: 'refused', why: error.message, command: error.command }
      : { is: 'refused', why: null, command: '' };
  }
}

/** In a sentence. */
function Word({ words, outcome }: { words: Words; outcome: Outcome }): JSX.Element {
  if (outcome.is === 'asking') return h(Fragment, null, h('span', { class: 'spinner' }), h('span', null, words.doctorLooks));
  if (outcome.is === 'refused') {
    if (outcome.why === null) return h('span', null, sentence(words.noAnswer));
    return h('span', null, `${words.noDoctor} `, h('span', { lang: 'en' }, outcome.why));
  }
  const { findings } = outcome.checkup;
  const has = (wanted: boolean | null) => findings.some(({ ok }) => ok === wanted);
  return h('strong', null, has(false) ? words.doctorWrong : has(null) ? words.doctorHints : words.doctorAllWell);
}

/** What is wrong first; what is well lies behind a word. */
function Findings({ ui, findings }: { ui: Ui; findings: Finding[] }): JSX.Element {
  const of = (wanted: Finding['ok']) => findings.filter(({ ok }) => ok === wanted);
  const list = (some: Finding[]) =>
    h(
      'ul',
      { class: 'findings' },
      some.map((finding, i) => h(Row, { key: i, ui, finding: withoutRepeat(finding, some.slice(0, i)) })),
    );
  const [amiss, well] = [[...of(false), ...of(null)], of(true)];
  return h(
    Fragment,
    null,
    amiss.length > 0 && list(amiss),
    well.length > 0 && h('details', null, h('summary', null, ui.words.doctorWell(well.length)), list(well)),
  );
}

/** What mends several things stands below the first of them. */
function withoutRepeat(finding: Finding, before: Finding[]): Finding {
  return before.some(({ remedy }) => remedy === finding.remedy) ? { ...finding, remedy: null } : finding;
}

function Row({ ui, finding }: { ui: Ui; finding: Finding }): JSX.Element {
  const { topic, ok, subject, text, remedy } = finding;
  const [kind, sign, meaning] = markOf(ok, ui.words);
  return h(
    'li',
    { 'data-mark': kind },
    h('span', { class: 'mark', role: 'img', 'aria-label': meaning }, sign),
    h(
      'div',
      { lang: 'en' },
      h('p', null, h('span', { class: 'topic' }, topic), ' ', h('b', null, subject), ` ${text}`),
      remedy && h('p', { class: 'remedy' }, withLines(ui, remedy)),
    ),
  );
}

function markOf(ok: Finding['ok'], words: Words): [kind: string, sign: string, meaning: string] {
  if (ok === null) return ['hint', '!', words.worthKnowing];
  return ok ? ['well', '✔', words.isWell] : ['wrong', '✘', words.keepsAway];
}

function whenAndWhere(words: Words, { checkup: { machine }, at }: Outcome & { is: 'found' }): string {
  return `${words.askedAt(moment(at, at))} · ${[machine.model, machine.system].filter(Boolean).join(', ')} · ${words.asUser(machine.user)}`;
}
